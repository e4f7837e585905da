# SPDX-License-Identifier: BSD-3-Clause
"""What report.html prints: its tables as texts, and the sentences above them."""
from html.parser import HTMLParser

NOT_KNOWN = "–"


class Table:
    def __init__(self, kind, exceed):
        self.kind, self.exceed = kind, exceed  # the class; the personality, where it is one's
        self.rows = []


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tables, self.verdicts, self.lead = [], [], ""
        self._exceed = self._table = self._sink = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        kind = attrs.get("class") or ""
        if tag == "section":
            self._exceed = attrs.get("data-exceed")
        elif tag == "table":
            self._table = Table(kind, self._exceed)
            self.tables.append(self._table)
        elif tag == "tr":
            self._table.rows.append([])
        elif tag in ("td", "th"):
            self._sink = []
        elif (tag == "p" and kind == "lead") or (tag == "li" and self._in_verdicts):
            self._sink = []
        elif tag == "ul":
            self._in_verdicts = kind == "verdicts"

    _in_verdicts = False

    def handle_endtag(self, tag):
        if tag == "section":
            self._exceed = None
        if self._sink is None or tag not in ("td", "th", "p", "li"):
            return
        text = "".join(self._sink).strip()
        if tag in ("td", "th"):
            self._table.rows[-1].append(text)
        elif tag == "p":
            self.lead = text
        else:
            self.verdicts.append(text)
        self._sink = None

    def handle_data(self, data):
        if self._sink is not None:
            self._sink.append(data)

    def of_kind(self, kind):
        return [t for t in self.tables if t.kind == kind]


def number(text):
    """(value, half a unit of its last digit), or (None, 0) of a dash."""
    text = text.replace("\u202f", "")
    if text == NOT_KNOWN:
        return None, 0.0
    decimals = len(text.partition(".")[2])
    return float(text), 0.5 * 10 ** -decimals


def agrees(text, value, slack=0.0):
    """Whether a cell is this value, rounded; slack: relative, of what is binned."""
    printed, half = number(text)
    if printed is None or value is None:
        return printed is None and value is None
    return abs(printed - value) <= half * (1 + 1e-6) + abs(value) * slack + 1e-9
