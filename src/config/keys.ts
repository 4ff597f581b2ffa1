/** What a key under `programs:` or `channels:` must be: it becomes part of folders, web addresses and rows. */
export const KEY_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;

/** The same in words. */
export const KEY_RULE = 'must be lower-case letters, digits and dashes, at most 32, and begin with a letter';
