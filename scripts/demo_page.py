# SPDX-License-Identifier: BSD-3-Clause
"""The demonstration's report: one HTML file without anything from elsewhere."""
import html

WIDTH, HEIGHT, MARGIN = 860, 240, 48
COLOURS = ("#b3261e", "#1a5fb4", "#26a269", "#9141ac", "#c64600", "#5e5c64", "#986a44")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em;
       color: #222; background: #fff; }
svg { width: 100%; } pre { overflow-x: auto; }
svg text { font-size: 12px; fill: #444; } .note { color: #555; }
"""


def axis(limit, unit, seconds):
    """A frame with four lines and the time below."""
    parts = []
    for i in range(5):
        y = HEIGHT - MARGIN / 2 - i * (HEIGHT - MARGIN) / 4
        parts.append(f'<line x1="{MARGIN}" x2="{WIDTH}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>'
                     f'<text x="0" y="{y + 4:.0f}">{limit * i / 4:.0f}{unit}</text>')
    for s in range(0, int(seconds) + 1, 5):
        x = MARGIN + s / seconds * (WIDTH - MARGIN)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT}" text-anchor="end">{s} s</text>')
    return "".join(parts)


def rate_chart(samples, key, title):
    """Lines over time: per class, kbit/s of key."""
    if not samples:
        return ""
    names = [name for name in samples[-1][1] if not samples[-1][1][name]["idle"]]
    limit = max([row[name][key] for _, row in samples for name in names if name in row] + [1]) * 1.05
    seconds = samples[-1][0]
    lines, legend = [], []
    for i, name in enumerate(names):
        points = " ".join(
            f"{MARGIN + t / seconds * (WIDTH - MARGIN):.1f},"
            f"{HEIGHT - MARGIN / 2 - row[name][key] / limit * (HEIGHT - MARGIN):.1f}"
            for t, row in samples if name in row)
        colour = COLOURS[i % len(COLOURS)]
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        legend.append(f'<span style="color:{colour}">■ {html.escape(name)}</span>')
    return (f"<h2>{title}, kbit/s</h2><p>{' '.join(legend)}</p>"
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}">{axis(limit, "", seconds)}{"".join(lines)}</svg>')


def loss_chart(calls):
    """One bar a call, in the order in which they began."""
    limit = max([f["loss"] for f in calls] + [0.01])
    step = (WIDTH - MARGIN) / max(len(calls), 1)
    bars = []
    for i, f in enumerate(calls):
        height = f["loss"] / limit * (HEIGHT - MARGIN)
        what = html.escape(f"{f['key'][0]}:{f['key'][1]}: {f['loss']:.1%}")
        bars.append(f'<rect x="{MARGIN + i * step:.1f}" y="{HEIGHT - MARGIN / 2 - height:.1f}" '
                    f'width="{step * .8:.1f}" height="{max(height, .5):.1f}" fill="#b3261e">'
                    f"<title>{what}</title></rect>")
    labels = "".join(
        f'<text x="0" y="{HEIGHT - MARGIN / 2 - i * (HEIGHT - MARGIN) / 4 + 4:.0f}">'
        f"{limit * i / 4:.1%}</text>" for i in range(5))
    return (f"<h2>Loss of each call</h2><p class=note>{len(calls)} calls, those that began later "
            f'to the right.</p><svg viewBox="0 0 {WIDTH} {HEIGHT}">{labels}{"".join(bars)}</svg>')


def page(outcome, samples):
    description = html.escape(outcome.scenario.describe()).replace("\n", "<br>")
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>edgemark demo</title>'
            f"<style>{STYLE}</style><h1>edgemark: calls over their contract</h1>"
            f"<p>{description}</p>"
            f"{rate_chart(samples, 'rx', 'Offered')}{rate_chart(samples, 'tx', 'Delivered')}"
            f"{loss_chart(outcome.calls)}"
            f"<h2>Summary</h2><pre>{html.escape(outcome.summary())}</pre></html>\n")
