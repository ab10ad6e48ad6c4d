const LOOK_EVERY_MS = 500;

/**
 * Calls `stop` with SIGINT or SIGTERM whenever we are asked to end: by Ctrl-C, by a signal, by a closed terminal, or because
 * the npm that runs us was ended (it ends the shell between us without a word to us).
 */
export function onStopSignal(stop) {
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGHUP', () => stop('SIGTERM'));
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    stop('SIGTERM');
  }, LOOK_EVERY_MS);
  look.unref();
}
