// @ts-check
const SINCE_BOOT_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of a clock that never jumps and that all processes of this machine share. */
export function now() {
  return SINCE_BOOT_MS + performance.now();
}
