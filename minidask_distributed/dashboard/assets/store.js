// The rows of all feeds of the page: what figures and tables are filled from, also those that are drawn later.
//
// A table is replaced by each "set"; a stream's rows are appended, and the oldest dropped beyond what the page keeps. Listeners
// get (name, {kind: "set" | "append", columns, keep}), the columns of an append being the new ones alone.

export class Store {
  constructor() {
    this.tables = new Map(); // {feed: {columns, keep}}
    this.listeners = [];
    this.time = 0;
    this.histories = new Map(); // {feed: rows to keep, as the viewer chose}
  }

  take(frame) {
    this.time = frame.time;
    for (const [name, part] of Object.entries(frame.feeds)) {
      if (part.error) {
        this.tell(name, { kind: "error", text: part.error });
        continue;
      }
      const kept = this.tables.get(name);
      const keep = this.histories.get(name) ?? part.rollover ?? Infinity;
      if (part.set) {
        this.tables.set(name, { columns: part.set, keep });
        this.tell(name, { kind: "set", columns: part.set, keep });
      } else if (part.append) {
        const columns = kept ? kept.columns : {};
        for (const [column, values] of Object.entries(part.append)) {
          const all = columns[column] ? columns[column].concat(values) : values;
          columns[column] = all.length > keep ? all.slice(all.length - keep) : all;
        }
        this.tables.set(name, { columns, keep });
        this.tell(name, { kind: "append", columns: part.append, keep });
      }
    }
  }

  tell(name, news) {
    for (const listener of this.listeners) listener(name, news);
  }

  columns(name) {
    return this.tables.get(name)?.columns ?? null;
  }

  rows(name) {
    const columns = this.columns(name);
    return columns ? (Object.values(columns)[0]?.length ?? 0) : 0;
  }
}
