/** Keeps a core busy until it is killed, or orphaned: it looks up now and then. */
const SPIN_MS = 500;

process.once('disconnect', () => process.exit());
setInterval(() => {
  const until = performance.now() + SPIN_MS;
  while (performance.now() < until);
}, 1);
