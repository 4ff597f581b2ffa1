import { readdirSync } from 'node:fs';
import express, { Router } from 'express';
import type { ChannelBoard, ShownChannel } from './channel-board.ts';
import { channelSection } from './channel-section.ts';
import { type Html, html } from './html.ts';
import { packagedFolder } from './packaged-folder.ts';

/** What the first page leads to and shows. */
export interface HomeOffers {
  readonly hasPhone: boolean;
  /** Absent in a process that knows of none. */
  readonly channels?: ChannelBoard | undefined;
}

/**
 * The first page of the console listener: the channels and how they are, links to what this process offers, and the
 * documents as plain text. `GET /channels` → `{ channels }`, the same for machines.
 */
export function createHome({ hasPhone, channels }: HomeOffers): Router {
  const router = Router();
  const docs = packagedFolder('docs');
  const documents = docs === undefined ? [] : readdirSync(docs).filter((name) => name.endsWith('.md'));
  const links = linksTo(hasPhone, documents);
  router.get('/', async (_request, response) => {
    response.type('html').send(homePage(links, await channels?.()).markup);
  });
  if (channels !== undefined) {
    router.get('/channels', async (_request, response) => {
      response.json({ channels: await channels() });
    });
  }
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

function linksTo(hasPhone: boolean, documents: readonly string[]): Html[] {
  return [
    ...(hasPhone ? [link('/phone', 'Phone', 'Text a card number and see the replies arrive')] : []),
    link('/health/ready', 'Health', 'Which dependency is up'),
    link('/metrics', 'Metrics', 'For Prometheus'),
    ...documents.map((name) => link(`/docs/${encodeURIComponent(name)}`, titleOf(name), `docs/${name}`)),
  ];
}

function homePage(links: readonly Html[], channels: readonly ShownChannel[] | undefined): Html {
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cardwake</title>
<link rel="stylesheet" href="/home/home.css">
<script type="module" src="/home/home.js"></script>
<main>
<h1>Cardwake</h1>
<p class="lead">A customer texts a loyalty card’s number; within seconds the card is theirs.</p>
<p id="silent" class="note bad" role="alert" hidden>Cardwake does not answer: what stands here is old.</p>
${channels === undefined ? [] : [channelSection(channels, new Date())]}
<nav aria-label="What is here">
<ul>
${links}
</ul>
</nav>
</main>
</html>
`;
}

function link(href: string, title: string, hint: string): Html {
  return html`<li><a href="${href}"><b>${title}</b><span>${hint}</span></a></li>`;
}

function titleOf(fileName: string): string {
  const words = fileName.replace(/\.md$/, '').replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
