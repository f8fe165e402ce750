import { render, screen } from "@testing-library/react";
import { http } from "msw";
import { IntlProvider } from "react-intl";
import { describe, expect, test } from "vitest";
import { useProblemText } from "~/components/ui/notice";
import { faultWords, reasonWord } from "~/features/integrations/view";
import codes from "~/generated/causes.json";
import { job } from "~/testing/fixtures";
import { api as path, problem, server } from "~/testing/server";
import { api, ask } from "./api";
import { en } from "./messages/en";
import { enIntegrations } from "./messages/en-integrations";
import { enProblems } from "./messages/en-problems";
import { useWords } from "./words";

/** Other languages have exactly the ids of English: messages.test. */
const texts = { ...en, ...enProblems, ...enIntegrations };

describe("every code that a person can meet has words", () => {
  test.each(codes.problems)("problem %s", (code) => {
    expect(texts).toHaveProperty([`error.${code}`]);
  });

  test("and none has words that is no code, but for our own", () => {
    const ours = new Set([...codes.problems, "general", "network", "upload_refused"]);
    const worded = Object.keys(texts).flatMap((id) => (id.startsWith("error.") ? [id.slice("error.".length)] : []));
    expect(worded.filter((code) => !ours.has(code))).toEqual([]);
  });

  test.each(codes.faults)("fault %s of a maker", (name) => {
    expect(faultWords(job({ errors: [{ class: name, code: "x" }] }))).toEqual([name]);
    expect(reasonWord(name)).toBe(name);
    expect(texts).toHaveProperty([`integrations.fault.${name}`]);
    expect(texts).toHaveProperty([`integrations.reason.${name}`]);
  });

  test.each(codes.problems.filter((code) => code.startsWith("export_")))("import that ends with %s", (code) => {
    expect(faultWords(job({ errors: [{ class: "refused", code }] }))).toEqual([code]);
    expect(texts).toHaveProperty([`integrations.fault.${code}`]);
  });
});

function Said({ error }: { error: unknown }) {
  return <p>{useProblemText()(error)}</p>;
}
function Page({ error }: { error: unknown }) {
  const words = useWords()!;
  return (
    <IntlProvider locale={words.locale} messages={words.messages}>
      <Said error={error} />
    </IntlProvider>
  );
}

test.each([
  [problem(410, "pairing_expired"), "This pairing code is too old. Start pairing again."],
  [problem(409, "conflict"), en["error.conflict"]],
  [problem(418, "made_up_later"), en["error.general"]],
])("a refusal is thrown with its words", async (answer, words) => {
  server.use(http.get(path("/api/v1/me"), () => answer));
  const error: unknown = await ask(api.GET("/api/v1/me")).catch((thrown: unknown) => thrown);
  render(<Page error={error} />);

  expect(screen.getByText(words)).toBeInTheDocument();
});
