import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';
import { openTestStore, type TestStore } from '../store/open-test-store.ts';

const TABLES = `audit_chain audit_events bindings cards cases inbox inbound_ids message_parts long_messages parked_receipts offers phones replies reply_quota send_rate session_leases events enrolments members opt_outs`;
/** Faster than a new database for each test, and than TRUNCATE where there are few rows. */
const EMPTY = `DO $$ BEGIN ${TABLES.split(' ')
  .map((table) => `DELETE FROM ${table};`)
  .join(' ')} END $$`;

/** For a `describe`: one database for all its tests, with empty tables at the beginning of each. */
export function freshStore(): { readonly db: Database; readonly url: string } {
  let store: TestStore | undefined;
  before(async () => {
    store = await openTestStore();
  });
  beforeEach(async () => {
    await sql.raw(EMPTY).execute(opened().db);
  });
  after(() => store?.close());

  function opened(): TestStore {
    if (store === undefined) throw new Error('The database is there while the tests of its describe run');
    return store;
  }

  return {
    get db() {
      return opened().db;
    },
    get url() {
      return opened().url;
    },
  };
}
