// The one door to the API's types. They come from the OpenAPI document; nothing below is written by hand.
export type { paths } from "./api-interim";
export type * from "./api-interim";
