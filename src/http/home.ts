import { readdirSync } from 'node:fs';
import express, { Router } from 'express';
import { packagedFolder } from './packaged-folder.ts';

/** The first page of the console listener, with links to what this process offers, and the documents as plain text. */
export function createHome(offers: { readonly hasPhone: boolean }): Router {
  const router = Router();
  const docs = packagedFolder('docs');
  const documents = docs === undefined ? [] : readdirSync(docs).filter((name) => name.endsWith('.md'));
  const page = homePage(offers.hasPhone, documents);
  router.get('/', (_request, response) => {
    response.type('html').send(page);
  });
  if (docs !== undefined) {
    router.use('/docs', express.static(docs, { index: false, redirect: false, setHeaders: asPlainText }));
  }
  const styles = packagedFolder('web/home');
  if (styles !== undefined) router.use('/home', express.static(styles, { index: false, redirect: false }));
  return router;
}

function asPlainText(response: { setHeader(name: string, value: string): unknown }, path: string): void {
  if (path.endsWith('.md')) response.setHeader('content-type', 'text/plain; charset=utf-8');
}

function homePage(hasPhone: boolean, documents: readonly string[]): string {
  const links = [
    ...(hasPhone ? [link('/phone', 'Phone', 'Text a card number and see the replies arrive')] : []),
    link('/health/ready', 'Health', 'Which dependency is up'),
    link('/metrics', 'Metrics', 'For Prometheus'),
    ...documents.map((name) => link(`/docs/${encodeURIComponent(name)}`, titleOf(name), `docs/${name}`)),
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cardwake</title>
<link rel="stylesheet" href="/home/home.css">
<main>
<h1>Cardwake</h1>
<p>A customer texts a loyalty card’s number; within seconds the card is theirs.</p>
<ul>
${links.join('\n')}
</ul>
</main>
</html>
`;
}

/** Titles and hints are constants or file names of ours; the names are escaped all the same. */
function link(href: string, title: string, hint: string): string {
  return `<li><a href="${escapeHtml(href)}"><b>${escapeHtml(title)}</b><span>${escapeHtml(hint)}</span></a></li>`;
}

function titleOf(fileName: string): string {
  const words = fileName.replace(/\.md$/, '').replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
