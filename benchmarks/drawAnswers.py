"""Draws docs/images/study-answers.png from what `npm run bench -- answers --curves FILE.json` wrote.

Usage: drawAnswers.py FILE.json OUT.png
"""
import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

curves = json.load(open(sys.argv[1]))
figure, axes = plt.subplots(2, 1, figsize=(7.2, 5.6), sharex=True, sharey=True)
panels = (
    ("found", "found", lambda share: share["found"]),
    ("nothing", "answered “nothing found”", lambda share: 1 - share["found"] - share["abstained"]),
)
for axis, (_, title, value) in zip(axes, panels):
    for curve in curves["curves"]:
        axis.plot(
            curves["spacings"],
            [100 * value(share) for share in curve["shares"]],
            label=f"{curve['size']} mm",
            linewidth=1.4,
        )
    axis.set_ylabel("% of positions")
    axis.set_title(f"A tumour between normal slices is {title}", fontsize=10, loc="left")
    axis.set_ylim(-4, 104)
    axis.grid(alpha=0.3)
axes[0].legend(title="across", fontsize=8, title_fontsize=8, loc="upper right")
axes[1].set_xlabel("slices apart, mm")
axes[1].set_xlim(0, 20)
figure.tight_layout()
figure.savefig(sys.argv[2], dpi=110, metadata={"Software": None})
