// Bodies of failed requests as they come: problem documents, pages of a proxy, nothing.
export const parseFailureExamples = [
  {
    name: "a problem document", status: 413,
    body: JSON.stringify({ type: "/problems/upload-too-large", title: "Upload too large", status: 413, code: "upload-too-large", detail: "upload is 6.2 GiB, the limit is 5 GiB", instance: "/requests/01J9" }),
    expected: { code: "upload-too-large", message: "upload is 6.2 GiB, the limit is 5 GiB", requestId: "01J9" },
  },
  { name: "a page of a proxy", status: 502, body: "<html>Bad gateway</html>", expected: { code: "unknown", message: "the server answered with status 502", requestId: null } },
  { name: "an empty body", status: 500, body: "", expected: { code: "unknown", message: "the server answered with status 500", requestId: null } },
];
