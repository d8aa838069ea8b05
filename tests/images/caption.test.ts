import { describe, expect, it } from 'vitest';
import { addCaption, layOutCaption } from '../../src/images/caption.js';

const CAPTION = {
  answer: 'Study: glioma, 92.3 %',
  isAnswer: true,
  lines: ['GRAD_CAM of "glioma", layer features.28', 'brain-mri 5.0.0'],
};

describe('a caption', () => {
  it.each([
    [1, 60_000],
    [1, 2000],
    [3, 4096],
    [16, 16],
    [5000, 2],
  ])('makes a picture of %i × %i pixels no larger than its text needs, nor beyond bounds', (width, height) => {
    const picture = { width, height, channels: 1 as const, data: new Uint8Array(width * height) };
    const captioned = addCaption(picture, CAPTION, 1);
    const laidOut = layOutCaption(picture, CAPTION);
    expect(captioned).toMatchObject({ width: laidOut.width, height: laidOut.height });
    expect(captioned.width).toBeGreaterThanOrEqual(400);
    expect(captioned.width).toBeLessThanOrEqual(Math.max(width, 4096));
    expect(captioned.height).toBeLessThanOrEqual(Math.max(height, 4096) + 300);
  });
});
