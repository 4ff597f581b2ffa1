/** Keeps the channels on the home page as they are now: the server draws them, this puts the drawing in its place. */

const EVERY_MS = 5000;

if (document.getElementById('channels')) {
  setInterval(() => void refresh(), EVERY_MS);
  document.addEventListener('visibilitychange', () => void refresh());
}

async function refresh() {
  if (document.hidden) return;
  const drawn = await fetchSection().catch(() => undefined);
  document.getElementById('silent').hidden = drawn !== undefined;
  // Whoever marks something here means to copy it.
  if (drawn && getSelection().isCollapsed) document.getElementById('channels').replaceWith(drawn);
}

/** Rejects when Cardwake does not answer as it should. */
async function fetchSection() {
  const response = await fetch('/', { signal: AbortSignal.timeout(EVERY_MS) });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const section = page.getElementById('channels');
  if (!response.ok || !section) throw new Error('No channels came');
  return section;
}
