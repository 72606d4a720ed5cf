"""What was measured, as ratios inside each rotation, as a table, and as an
SVG plot."""

import math
import statistics
from html import escape

# What is measured of a target, and how it is called. All but requests per
# second are better when smaller.
MEASURES = {
    "rps": "requests/s",
    "cpu_us": "CPU a request",
    "p50_ms": "p50, busy",
    "p99_ms": "p99, busy",
    "pss_mib": "memory, loaded (PSS)",
    "added_us": "added latency, 1 connection",
}
COMPARED = (("bridge", "nginx-lua"), ("bridge", "plain"),
            ("nginx-lua", "plain"), ("bridge", "fastify"),
            ("bridge", "node-red"), ("transformed", "ready"))
# What the bridge has set itself: at most (least, for requests) this ratio.
BARS = {
    ("bridge/nginx-lua", "cpu_us"): 0.60,
    ("bridge/nginx-lua", "rps"): 1.8,
    ("bridge/nginx-lua", "p99_ms"): 1.0,
    ("bridge/plain", "cpu_us"): 1.15,
    ("bridge/plain", "rps"): 0.95,
    ("bridge/plain", "added_us"): 1.0,
    ("bridge/fastify", "cpu_us"): 1 / 6,
    ("bridge/node-red", "cpu_us"): 1 / 60,
    ("transformed/ready", "cpu_us"): 1.15,
}
MEMORY_BAR = 10.0  # MiB, loaded


def holds(pair, what, ratio):
    """Whether a bar is held; None where there is none."""
    bar = BARS.get((pair, what))
    if bar is None:
        return None
    return ratio >= bar if what == "rps" else ratio <= bar


def ratios(ours, theirs):
    """Medians of ours/theirs inside each rotation, and their extremes."""
    found = {}
    for what in MEASURES:
        pairs = [a[what] / b[what] for a, b in zip(ours, theirs)
                 if a.get(what) and b.get(what, 0) > 0]
        if pairs:
            found[what] = {"median": statistics.median(pairs),
                           "least": min(pairs), "most": max(pairs)}
    return found


def summarize(turns, idle, settings):
    targets = {}
    for name, mine in turns.items():
        targets[name] = {
            what: statistics.median(turn[what] for turn in mine)
            for what in (*MEASURES, "rss_mib", "alone_us")
            if what in mine[0]}
        targets[name]["idle_mib"] = idle[name]
    return {"settings": settings, "turns": turns, "targets": targets,
            "ratios": {f"{one}/{other}": ratios(turns[one], turns[other])
                       for one, other in COMPARED
                       if one in turns and other in turns}}


def show(result):
    print(f"{'target':<11} {'req/s':>7} {'CPU us':>7} {'p50 ms':>7} "
          f"{'p99 ms':>7} {'added us':>9} {'PSS MiB idle/loaded':>20} "
          f"{'RSS loaded':>10}")
    for name, t in result["targets"].items():
        pss = f"{t['idle_mib']:.1f} / {t['pss_mib']:.1f}"
        print(f"{name:<11} {t['rps']:>7.0f} {t['cpu_us']:>7.1f} "
              f"{t['p50_ms']:>7.2f} {t['p99_ms']:>7.2f} "
              f"{added_words(t):>9} {pss:>20} {t['rss_mib']:>10.1f}")
    print("\nratios inside a rotation: median (least to most), and the bar")
    for pair, found in result["ratios"].items():
        for what, r in found.items():
            print(f"{pair:<17} {MEASURES[what]:<28} {r['median']:6.3f} "
                  f"({r['least']:.3f} to {r['most']:.3f})"
                  f"{bar_words(pair, what, r['median'])}")
    show_memory_bar(result)


def added_words(t):
    return f"{t['added_us']:.0f}" if "added_us" in t else "-"


def bar_words(pair, what, ratio):
    held = holds(pair, what, ratio)
    if held is None:
        return ""
    side = "at least" if what == "rps" else "at most"
    return (f"  {'held' if held else 'MISSED'}: {side} "
            f"{BARS[(pair, what)]:.3g}")


def show_memory_bar(result):
    ours = result["targets"].get("bridge")
    if ours:
        held = "held" if ours["pss_mib"] <= MEMORY_BAR else "MISSED"
        print(f"{'bridge':<17} {'memory, loaded (PSS)':<28} "
              f"{ours['pss_mib']:6.2f} MiB  {held}: at most {MEMORY_BAR:g}")


# The plot: a row a ratio, on a logarithmic axis.

ROW, TOP, LEFT, WIDTH, RIGHT = 22, 62, 330, 460, 90
INK, PALE, GOOD, BAD = "#24292f", "#d0d7de", "#1a7f37", "#cf222e"


def axis_of(rows):
    """Powers of two that hold all that is drawn."""
    values = [r[key] for _, _, r in rows for key in ("least", "most")]
    values += [BARS[(p, w)] for p, w, _ in rows if (p, w) in BARS] + [1.0]
    return (math.floor(math.log2(min(values))),
            math.ceil(math.log2(max(values))))


def text(x, y, words, anchor="start", extra=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'fill="{INK}"{extra}>{escape(words)}</text>')


def line(x1, y1, x2, y2, colour, width=1):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}" stroke-width="{width}"/>')


def draw_grid(place, low, high, bottom):
    parts = []
    for power in range(low, high + 1):
        x = place(2 ** power)
        words = f"{2 ** power:g}" if power >= 0 else f"1/{2 ** -power}"
        parts.append(line(x, TOP - 8, x, bottom, INK if power == 0 else PALE))
        parts.append(text(x, TOP - 14, words, "middle"))
    return parts


def draw_row(place, y, pair, what, r):
    held = holds(pair, what, r["median"])
    colour = {True: GOOD, False: BAD, None: INK}[held]
    parts = [text(LEFT - 12, y + 4, f"{pair}   {MEASURES[what]}", "end"),
             line(place(r["least"]), y, place(r["most"]), y, colour, 3),
             f'<circle cx="{place(r["median"]):.1f}" cy="{y:.1f}" r="5" '
             f'fill="{colour}"/>',
             text(LEFT + WIDTH + 14, y + 4, f"{r['median']:.3g}")]
    if held is not None:
        x = place(BARS[(pair, what)])
        parts.append(line(x, y - 9, x, y + 9, colour, 2))
    return parts


def plot(result):
    """The ratios as SVG."""
    rows = [(pair, what, r) for pair, found in result["ratios"].items()
            if pair.startswith("bridge/") for what, r in found.items()]
    low, high = axis_of(rows)
    bottom = TOP + ROW * len(rows) + 4
    height, width = bottom + 30, LEFT + WIDTH + RIGHT

    def place(value):
        return LEFT + WIDTH * (math.log2(value) - low) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        text(12, 22, "leadbridge against others: ratios inside a rotation",
             extra=' font-size="15" font-weight="bold"'),
        *draw_grid(place, low, high, bottom)]
    for i, row in enumerate(rows):
        parts += draw_row(place, TOP + ROW * i + ROW / 2, *row)
    parts += [text(12, height - 10, "dot: median; line: least to most; tick: "
                   "the bar, green when held, red when not; black: no bar. "
                   "All but requests/s: less is better."), "</svg>"]
    return "\n".join(parts) + "\n"
