"""The same evidence in Chinese: chinese.toml has a template for each claim, with the same numbers.

The statements themselves stay as they are written; what is said of them is translated.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from .claim import Checked, Listing

VERDICTS = {"right": "对", "half right": "对一半", "depends": "看情况", "wrong": "错"}

HEAD = """# 逐条核对

教程、论文和官方文档怎样说 MobileNet，运行的代码又怎样说它们。说法由我们转述，保留英文；
有的出自打印的代码，有的出自表头。旁边的数是制作本页时算出来的（说是印在某处的，则是引用），命令是

```sh
npmobilenet claims --markdown --lang zh
```

评判由这些数得出：

| 评判 | |
|---|---|
| 对 | 说法的每一部分都成立 |
| 对一半 | 有几部分成立 |
| 看情况 | 在某些情况下成立，在另一些情况下不成立 |
| 错 | 没有任何一部分成立 |

MAC 是卷积和全连接层的乘加次数；除非另有说明，指一张 224 × 224 的图片和 1000 个类别。
参数是要训练的那些，除非另有说明。
"""


@cache
def texts() -> dict[str, dict[str, str]]:
    """Sections of chinese.toml: the sources' titles, a section for each source, words."""
    text = files(__package__).joinpath("chinese.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found


def title(source: str) -> str:
    """The heading of a source."""
    return texts()["titles"][source]


def template(name: str) -> str:
    """The evidence of a claim, such as "v1.layers", with {names} for its numbers."""
    source, _, claim = name.partition(".")
    return texts()[source][claim]


def evidence(checked: Checked) -> str:
    """The sentence with its numbers."""
    numbers = {name: _Chinese(number) for name, number in checked.finding.numbers.items()}
    return template(checked.claim.name).format(**numbers)


class _Chinese:
    """A number as Chinese text has it: several are set apart by 、, words are translated."""

    def __init__(self, number: Any) -> None:
        self.number = number

    def __format__(self, spec: str) -> str:
        if isinstance(self.number, Listing):
            each = (format(value, spec or self.number.spec) for value in self.number.values)
            return "、".join(map(_said, each))
        return _said(format(self.number, spec))


def _said(text: str) -> str:
    for english, chinese in texts()["words"].items():
        text = text.replace(english, chinese)
    return text
