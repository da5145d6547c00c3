using Traceability.Domain.Products;
using Traceability.Exports.Documents;
using Traceability.Node.Operators;

namespace Traceability.Node.Exports;

/// <summary>
/// A final export leaves the company: it stands in the history before it does. What is signed is signed once.
/// </summary>
/// <param name="Part">Which part.</param>
/// <param name="Export">The name of the export.</param>
/// <param name="RulesVersion">By which rules it was made.</param>
/// <param name="FootprintVersion">Of which version of the total.</param>
/// <param name="Sha256">Which bytes.</param>
/// <param name="Document">What it says of itself; null where it has no id.</param>
/// <param name="Sign">Makes the signature beside the file; null for a file without one.</param>
internal sealed record IssueExport(
    TraceId Part, string Export, string RulesVersion, long FootprintVersion, string Sha256,
    ExportDocument? Document, Func<string>? Sign)
    : IAct<Decided<IssuedExport>>
{
    public Task<Decided<IssuedExport>> HandleAsync(OperatorSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<IssuedExport>(
            StreamNames.Export(Part, Sha256),
            known => known is null
                ?
                [
                    new ExportIssued(
                        Part, Export, RulesVersion, FootprintVersion, Sha256, Sign?.Invoke(), session.Now, Document?.Id,
                        Document?.CreatedAt, Document?.PrecedingIds),
                ]
                : [],
            cancellationToken);
}
