// Elements are made from data, never from HTML text, so a class named "<script>" is only a name.
//
// A view describes all it shows anew after every change; `morph` then brings what stands on the page
// to that description, element by element, and leaves alone what is equal.  So whatever has the
// focus keeps it, and a slider that is being dragged stays under the finger.

const SVG = "http://www.w3.org/2000/svg";
const MATHML = "http://www.w3.org/1998/Math/MathML";

// el("button", {class: "chip", key: "play", aria: {label: "play"}, on: {click: f}}, "text", child)
function el(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function mathElement(tag, ...children) {
  return filled(document.createElementNS(MATHML, tag), {}, children);
}

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      element.handlers = value;
      for (const type of Object.keys(value)) element.addEventListener(type, handle);
    } else if (name === "aria") {
      for (const [word, said] of Object.entries(value)) element.setAttribute(`aria-${word}`, said);
    } else if (name === "style") {
      for (const [word, said] of Object.entries(value)) element.style.setProperty(word, said);
    } else if (name === "key") element.dataset.key = value;
    else if (name === "paint") element.paint = value; // draws a canvas once it stands in the page
    else if (name !== "value") element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    const none = child === null || child === undefined || child === false;
    // what is not there now keeps its place, so that what follows is recognised
    element.append(none ? document.createComment("") : child instanceof Node ? child : String(child));
  }
  if (properties.value !== undefined) element.value = properties.value; // of a list: when it has its options
  return element;
}

function handle(event) {
  event.currentTarget.handlers?.[event.type]?.(event);
}

// Makes `place` contain what `children` say.
function fill(place, ...children) {
  morphChildren(place, filled(document.createDocumentFragment(), {}, children));
}

function morphChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  wanted.forEach((node, index) => {
    const present = old.childNodes[index];
    if (!present) old.append(node), painted(node);
    else morph(present, node);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || old.dataset?.key !== fresh.dataset?.key) {
    old.replaceWith(fresh);
    painted(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  const own = old.localName === "details" ? ["open", "style"] : ["style"]; // what is open stays open
  for (const { name } of [...old.attributes])
    if (!own.includes(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes])
    if (!own.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.style && old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
  for (const type of Object.keys(fresh.handlers ?? {}))
    if (!old.handlers?.[type]) old.addEventListener(type, handle);
  old.handlers = fresh.handlers;
  morphChildren(old, fresh);
  if (fresh.value !== undefined && old.value !== fresh.value) old.value = fresh.value;
  if (fresh.paint) old.paint = fresh.paint;
  if (old.paint) old.paint(old);
}

function painted(node) {
  if (node.paint) node.paint(node);
  for (const child of node.childNodes) painted(child);
}
