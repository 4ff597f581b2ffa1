import { versionOfTag } from './etag.ts';
import { ApiProblem } from './problems.ts';

/**
 * The version of a member that `If-Match` names; undefined where there is no such header.
 * @throws ApiProblem `stale` for a tag that is not ours: it names a version that nobody has now
 */
export function versionNamed(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined) return undefined;
  const version = versionOfTag(ifMatch);
  if (version === undefined) throw stale();
  return version;
}

/** Tells that somebody else was first. */
export function stale(): ApiProblem {
  return new ApiProblem('stale', 'Read the member again and decide whether your change still holds.');
}
