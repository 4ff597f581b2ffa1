import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import { packagedFolder } from '../packaged-folder.ts';
import { strictHeaders } from '../strict-headers.ts';
import { openApiDocument } from './openapi.ts';
import { codes } from './problem-advice.ts';
import type { Route } from './route.ts';

/**
 * The pages about the API: `/v1/openapi.json`, `/docs` to browse and try it, `/docs/problems`. They are the same for
 * everybody and need no key; they load nothing from elsewhere.
 */
export function createDocsPage(routes: readonly Route[]): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const document = JSON.stringify(openApiDocument(routes));
  const [browser, problems] = [browserPage(), problemsPage()];
  router.get('/v1/openapi.json', forAnHour, (_request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.type('json').send(document);
  });
  router.use('/docs', strictHeaders, forAnHour);
  router.get('/docs', (_request, response) => {
    response.type('html').send(browser);
  });
  router.get('/docs/problems', (_request, response) => {
    response.type('html').send(problems);
  });
  const ours = packagedFolder('web/docs');
  if (ours !== undefined) router.use('/docs', express.static(ours, { index: false, redirect: false }));
  router.use('/docs/swagger-ui', onlySwaggerUi, express.static(SWAGGER_UI, { index: false, redirect: false }));
  return router;
}

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const SWAGGER_FILES = ['/swagger-ui.css', '/swagger-ui-bundle.js'];

const onlySwaggerUi: RequestHandler = (request, _response, next) => {
  if (SWAGGER_FILES.includes(request.path)) next();
  else next('router');
};

const forAnHour: RequestHandler = (_request, response, next) => {
  response.setHeader('cache-control', 'public, max-age=3600');
  next();
};

function browserPage(): string {
  return page(
    'The API of Cardwake',
    `<link rel="stylesheet" href="/docs/swagger-ui/swagger-ui.css">
<link rel="stylesheet" href="/docs/docs.css">
<p class="elsewhere"><a href="/docs/problems">Problems and what to do</a> <a href="/v1/openapi.json">openapi.json</a></p>
<div id="api"></div>
<noscript>This page needs JavaScript; <a href="/v1/openapi.json">openapi.json</a> does not.</noscript>
<script src="/docs/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/docs/docs.js"></script>`,
  );
}

function problemsPage(): string {
  const paragraphs = codes().map(
    ({ code, status, title, advice }) => `<section id="${code}">
<h2><a href="#${code}">${code}</a></h2>
<p><b>${status}. ${withCode(title)}.</b> ${withCode(advice)}</p>
</section>`,
  );
  return page(
    'Problems that the API answers',
    `<link rel="stylesheet" href="/docs/docs.css">
<main>
<h1>Problems that the API answers</h1>
<p>Every error is an RFC 9457 problem document. Programs look at <code>code</code>, which stays as it is. <a href="/docs">The API</a></p>
${paragraphs.join('\n')}
</main>`,
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${content}
</html>
`;
}

/** Our own words, escaped all the same; what stands between backticks is code. */
function withCode(markdown: string): string {
  const escaped = markdown.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return escaped.replace(/`([^`]+)`/g, '<code>$1</code>');
}
