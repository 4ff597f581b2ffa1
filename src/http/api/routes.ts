import { activationsRoutes } from './activations.ts';
import { cardsRoutes } from './cards.ts';
import { erasureRoutes } from './erasures.ts';
import { correctMemberRoute } from './member-correction.ts';
import { membersRoutes } from './members.ts';
import type { ApiParts } from './parts.ts';
import { questionnairesRoutes } from './questionnaires.ts';
import { registrationsRoutes } from './registrations.ts';
import type { Route } from './route.ts';

/** Every operation of the API. A new list of routes is an import and a line here. */
export function createRoutes(parts: ApiParts): readonly Route[] {
  return [
    ...cardsRoutes(parts),
    ...activationsRoutes(parts),
    ...registrationsRoutes(parts),
    ...questionnairesRoutes(parts),
    ...membersRoutes(parts),
    correctMemberRoute(parts),
    ...erasureRoutes(parts),
  ];
}

/** The same without anything to work with: for the documents that are made from them. Their handlers cannot be called. */
export const DECLARED_ROUTES: readonly Route[] = createRoutes({
  programs: new Map(),
  lines: new Map(),
  now: () => new Date(),
} as unknown as ApiParts);
