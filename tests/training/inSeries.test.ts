import { describe, expect, it } from 'vitest';
import { evaluate, hasPython } from './python.js';

/** Five heads of 12 slices, every 5 mm; in the last two, slices 5 to 7 show a tumour on the left. All show something in the middle. */
const heads = `
import inSeries
random = np.random.default_rng(0)
inSeries.places = lambda data, case, series: {"locations": [5.0 * i for i in range(12)], "leftRight": "COLUMNS",
                                              "frames": [{"top": 0, "left": 0, "height": 1, "width": 1}] * 12}
def head(case, tumour):
    presence = -8 + random.standard_normal((12, 20, 20))
    presence[:, 8:12, 8:12] += 4
    areas = np.zeros(12)
    if tumour:
        presence[5:8, 9:13, 2:6] += 5
        areas[5:8] = 400
    return {"case": case, "series": "T1", "stratum": "tumour_full_head" if tumour else "healthy_other", "proven": True,
            "areas": areas, "presence": presence, "logits": np.zeros((12, 4))}
series = [head("A", False), head("B", False), head("C", False), head("D", True), head("E", True)]
chosen = inSeries.choose_in_series(series, "", 2)
scores = np.array(inSeries.ask({"settings": [chosen]}, series, "", 2)[0])
presence = 1 / (1 + np.exp((chosen["calibration"]["offset"] - scores) / chosen["calibration"]["temperature"]))
truth = np.stack([one["areas"] > 0 for one in series])`;

describe.skipIf(!hasPython('numpy', 'scipy', 'pydicom'))('how slices are read together', () => {
  it('is chosen so that tumours are told from the rest, few healthy slices are called one, and no healthy study', () => {
    const found = evaluate(
      heads,
      `{"chosen": chosen, "found": float((presence[truth] >= 0.5).mean()), "alarms": float((presence[:3] >= 0.5).mean()),
        "surest": float(presence[:3].max()), "missed": float((1 - presence[truth] >= chosen["abstention"]["normal"]).mean())}`,
    );
    const { meanArea, abstention, calibration } = found.chosen;
    expect(meanArea.withOtherSide).toBeGreaterThan(0.97);
    expect(meanArea.withOtherSide).toBeGreaterThanOrEqual(meanArea.alone);
    expect(found.found).toBeGreaterThan(0.8);
    expect(found.alarms).toBeLessThanOrEqual(0.06); // one slice of 36 is 3 %
    expect(found.surest).toBeLessThan(abstention.study);
    expect(found.missed).toBeLessThanOrEqual(0.1);
    expect(calibration.temperature).toBeGreaterThanOrEqual(0.5);
  });
});
