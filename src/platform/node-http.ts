/**
 * What our programs use of Node's HTTP.
 *
 * Decision: the module is asked for, and not imported. Why: an import reads everything that the module exports, among it `WebSocket`, and for that Node loads
 * a second HTTP client: 13 MiB in every program. Not: `require`, which our sources have nowhere.
 */
export const { createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http')
