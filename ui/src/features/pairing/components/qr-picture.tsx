// The code for a phone's camera. By itself, so that only those who go on with a phone wait for what draws it.
import { QRCodeSVG } from "qrcode.react";

/** Dark on white in every theme: many cameras do not read it the other way round. */
export default function QrPicture({ payload, title, size }: { payload: string; title: string; size: number }) {
  return <QRCodeSVG value={payload} size={size} marginSize={4} level="M" title={title} />;
}
