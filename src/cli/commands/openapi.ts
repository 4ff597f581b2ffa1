import { Command } from 'commander';
import { openApiDocument } from '../../http/api/openapi.ts';
import { problemsDocument } from '../../http/api/problem-advice.ts';
import { DECLARED_ROUTES } from '../../http/api/routes.ts';
import type { CliContext } from '../context.ts';

/** `cardwake openapi`. */
export function openapiCommand({ print }: Pick<CliContext, 'print'>): Command {
  return new Command('openapi')
    .description('print the OpenAPI document of the API')
    .option('--problems', 'print the page about its problems instead')
    .action(({ problems = false }: { problems?: boolean }) => {
      print(problems ? problemsDocument().trimEnd() : JSON.stringify(openApiDocument(DECLARED_ROUTES), null, 2));
    });
}
