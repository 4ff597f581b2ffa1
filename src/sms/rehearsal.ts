/**
 * What the provider message ids of rehearsed SMS begin with, in either direction; no provider makes such. It stays true of
 * them when their channel has long gone live.
 */
export const REHEARSAL_PREFIX = 'rehearsal-';
