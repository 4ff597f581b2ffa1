/** The id of an SMS at a provider that gives it none, made of our reply's. */
export function replyMark(replyId: string): string {
  return `reply-${replyId}`;
}
