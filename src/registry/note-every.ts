/**
 * That something was used (promised to a client, pulled, pushed again) is noted so often, so that whoever uses it all the time does not write all the time.
 * Whatever counts from such a note, as the grace time of the collection, counts in more than this.
 */
export const noteEveryMs = 3_600_000
