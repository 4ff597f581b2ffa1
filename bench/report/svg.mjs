// @ts-check
/** Plots as SVG that stands by itself: no script, no font of its own, readable on white and on dark. */

/** @typedef {{ label: string, parts: readonly { name: string, value: number }[] }} Bar */
/** @typedef {{ name: string, points: readonly (readonly [number, number])[] }} Line */

const COLOURS = ['#2f6fb5', '#e08a2e', '#4c9f70', '#b5526a', '#7a68ae', '#8a8a8a'];
const WIDTH = 860;
const LABELS = 260;
const BAR = 22;
const GAP = 10;
const TOP = 64;
const STYLE = `text{font:13px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:15px}.faint{fill:#777}
@media(prefers-color-scheme:dark){text{fill:#ddd}.faint{fill:#999}}`;

/**
 * Horizontal bars of one or more parts.
 * @param {string} title
 * @param {readonly Bar[]} bars
 */
export function barChart(title, bars) {
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const totals = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const scale = (WIDTH - LABELS - 80) / Math.max(...totals);
  const rows = bars.map(({ label, parts }, row) => {
    const y = TOP + row * (BAR + GAP);
    let x = LABELS;
    const rectangles = parts.map(({ name, value }) => {
      const width = value * scale;
      const colour = COLOURS[names.indexOf(name) % COLOURS.length];
      const drawn = `<rect x="${round(x)}" y="${y}" width="${round(width)}" height="${BAR}" fill="${colour}"/>`;
      x += width;
      return drawn;
    });
    const total = `<text x="${round(x + 6)}" y="${y + 16}">${number(totals[row] ?? 0)}</text>`;
    return `<text x="${LABELS - 8}" y="${y + 16}" text-anchor="end">${plain(label)}</text>${rectangles.join('')}${total}`;
  });
  const height = TOP + bars.length * (BAR + GAP) + 8;
  return document(title, height, [names.length > 1 ? legend(names) : '', ...rows]);
}

/**
 * Lines over a common axis.
 * @param {string} title
 * @param {{ x: string, lines: readonly Line[] }} content
 */
export function lineChart(title, { x, lines }) {
  const points = lines.flatMap((line) => line.points);
  const [maxX, maxY] = [Math.max(...points.map(([at]) => at)), Math.max(...points.map(([, value]) => value))];
  const [height, left, bottom] = [300, 70, 40];
  const place = (/** @type {readonly [number, number]} */ [at, value]) =>
    `${round(left + (at / maxX) * (WIDTH - left - 30))},${round(height - bottom - (value / maxY) * (height - bottom - TOP))}`;
  const drawn = lines.map(
    (line, index) =>
      `<polyline fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="1.6" points="${line.points.map(place).join(' ')}"/>`,
  );
  const axis = [
    `<text class="faint" x="${left - 8}" y="${TOP + 4}" text-anchor="end">${number(maxY)}</text>`,
    `<text class="faint" x="${left - 8}" y="${height - bottom + 4}" text-anchor="end">0</text>`,
    `<text class="faint" x="${WIDTH - 30}" y="${height - 14}" text-anchor="end">${number(maxX)} ${plain(x)}</text>`,
    `<path d="M${left} ${TOP}V${height - bottom}H${WIDTH - 30}" fill="none" stroke="#999"/>`,
  ];
  return document(title, height, [legend(lines.map(({ name }) => name)), ...axis, ...drawn]);
}

/**
 * @param {string} title
 * @param {number} height
 * @param {readonly string[]} content
 */
function document(title, height, content) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" role="img">
<title>${plain(title)}</title><style>${STYLE}</style>
<text class="title" x="8" y="22">${plain(title)}</text>
${content.join('\n')}
</svg>
`;
}

function legend(/** @type {readonly string[]} */ names) {
  let x = 8;
  const entries = names.map((name, index) => {
    const entry = `<rect x="${x}" y="36" width="12" height="12" fill="${COLOURS[index % COLOURS.length]}"/><text x="${x + 17}" y="47">${plain(name)}</text>`;
    x += 32 + name.length * 8;
    return entry;
  });
  return entries.join('');
}

function number(/** @type {number} */ value) {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function round(/** @type {number} */ value) {
  return Math.round(value * 10) / 10;
}

function plain(/** @type {string} */ text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
