// A page that is loaded when it is opened is drawn when its words are here too.
import { lazyRouteComponent as lazyRoute } from "@tanstack/react-router";
import { wordsAreHere } from "~/lib/words";

export const lazyRouteComponent: typeof lazyRoute = (importer, name) => lazyRoute(() => wordsAreHere(importer()), name);
