/** True of what can be kept as a provider's id: 1 to 128 visible ASCII characters. */
export function isProviderId(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value);
}

/** True of what can be a sender ID or an address: 1 to 128 characters, none of them a control character. */
export function isSenderId(value: unknown): value is string {
  return typeof value === 'string' && /^\P{Cc}{1,128}$/u.test(value);
}

/** True of a reply's row id as it comes back to us: decimal, within 64 bits. */
export function isReplyId(value: unknown): value is string {
  return typeof value === 'string' && /^(?:\d{1,18}|[1-8]\d{18})$/.test(value);
}
