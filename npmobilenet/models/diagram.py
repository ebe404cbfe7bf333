"""A network as a Mermaid diagram: blocks or layers, and on the edges what goes from one to the next."""

from .layer import Shape
from .network_plan import Plan


def mermaid(plan: Plan, depth: int = 2) -> str:
    """The text of a flowchart; ends with a newline.

    depth: what is one box: 1 all blocks together, 2 each block, 3 each layer.  An edge bears the shape
    of the map that passes, and the MACs that the box before it takes for one image.
    """
    groups: dict[str, list[str]] = {}
    for layer in plan.layers:
        groups.setdefault(layer.group(depth), []).append(layer.name)
    inside = {name: group for group, names in groups.items() for name in names}
    marks = {group: f"n{number}" for number, group in enumerate(groups, start=1)}
    lines = ["flowchart TD", '    n0(["image"])']
    lines += [f'    {mark}["{group}"]' for group, mark in marks.items()]
    costs = {group: sum(plan[name].macs for name in names) for group, names in groups.items()}
    shapes: dict[str, Shape] = {"image": (*plan.resolution, plan.channels)}
    shapes |= {layer.name: layer.output for layer in plan.layers}
    drawn = set()
    for layer in plan.layers:
        for source in layer.inputs:
            start, end = inside.get(source, "image"), inside[layer.name]
            if start == end or (start, end, shapes[source]) in drawn:
                continue
            drawn.add((start, end, shapes[source]))
            label = " x ".join(map(str, shapes[source]))
            if costs.get(start):
                label += f"<br>{costs[start]:,} MACs"
            lines.append(f'    {marks.get(start, "n0")} -->|"{label}"| {marks[end]}')
    last = plan.layers[-1]
    label = f"{' x '.join(map(str, last.output))}<br>{costs[inside[last.name]]:,} MACs"
    lines.append(f'    {marks[inside[last.name]]} -->|"{label}"| out(["logits"])')
    return "\n".join(lines) + "\n"
