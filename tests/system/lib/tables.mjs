// The database as another program on the same machine sees it.
import { DatabaseSync } from 'node:sqlite';

export class Tables {
  constructor(path) {
    this.database = new DatabaseSync(path, { timeout: 5_000 });
  }

  ask(query, ...values) {
    return this.database.prepare(query).all(...values);
  }

  run(statement, ...values) {
    return this.database.prepare(statement).run(...values);
  }

  /** Holds the lock of the one writer until the answer is called. */
  lock() {
    this.database.exec('BEGIN IMMEDIATE');
    return () => this.database.exec('ROLLBACK');
  }

  close() {
    this.database.close();
  }
}
