// View 4: the chosen layer: what it costs, its place on the roofline, its maps and filters.

function mapLayer(layer) {
  return el("section", { class: "map-layer" },
    el("h3", {}, layer.name, el("span", { class: "soft" }, ` · ${kindOf(layer)}`)),
    el("div", { class: "maps" }, mapCosts(layer), mapTimed() ? mapRoofline(layer) : null),
    mapPictures(layer));
}

function mapCosts(layer) {
  const line = (text, value, share) => el("div", {}, el("dt", {}, text), el("dd", {}, value),
    el("dd", { class: "soft" }, share === undefined ? "" : percent(share)));
  const shape = (sizes) => sizes.join(" × ");
  return el("dl", { class: "map-costs" },
    line(say("reads", "输入"), shape(layer.input)),
    line(say("puts out", "输出"), shape(layer.output)),
    line("MACs", whole(layer.macs), mapPart([layer], "macs")),
    line(say("parameters", "参数"), whole(layer.parameters), mapPart([layer], "parameters")),
    line(say("flops", "浮点运算 (flops)"), whole(layer.flops)),
    line(say("bytes carried", "搬运的字节"), whole(layer.bytes), mapPart([layer], "bytes")),
    line(say("flops for each byte", "每字节 flops"), number(layer.flops / layer.bytes)),
    mapTimed() ? [
      line(say("floor", "时间下限"), duration(layer.floor), mapPart([layer], "floor")),
      line(say("measured", "实测"), duration(layer.seconds), mapPart([layer], "seconds")),
      line(say("floor set by", "下限取决于"), layer.bound === "compute" ? say("multiplying", "计算") : say("carrying from memory", "内存搬运")),
    ] : null);
}
