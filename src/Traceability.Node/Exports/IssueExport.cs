using Marten;
using Traceability.Domain.Products;
using Traceability.Exports.Documents;
using Traceability.Node.Operators;
using Traceability.Node.Parts;

namespace Traceability.Node.Exports;

/// <summary>A file of a final export.</summary>
/// <param name="RulesVersion">By which rules it was made.</param>
/// <param name="FootprintVersion">Of which version of the total.</param>
/// <param name="Sha256">Which bytes.</param>
/// <param name="Document">What it says of itself; null where it has no id.</param>
/// <param name="Sign">Makes the signature beside the file, at a time; null for a file without one.</param>
internal sealed record FinalFile(
    string RulesVersion, long FootprintVersion, string Sha256, ExportDocument? Document,
    Func<DateTimeOffset, string>? Sign);

/// <summary>
/// A final export leaves the company: it stands in the history before it does. What is signed is signed once. Null, and
/// nothing is done, where another has left since the files were written, which they would have to name.
/// </summary>
/// <param name="Part">Which part.</param>
/// <param name="Export">The name of the export.</param>
/// <param name="Files">All of it.</param>
/// <param name="Seen">The ids of those that had left when the files were written.</param>
/// <param name="AsOf">Only those that had left then are to be named; null: all.</param>
internal sealed record IssueExport(
    TraceId Part, string Export, IReadOnlyList<FinalFile> Files, IReadOnlyCollection<string> Seen,
    DateTimeOffset? AsOf) : IAct<IReadOnlyList<IssuedExport>?>
{
    public async Task<IReadOnlyList<IssuedExport>?> HandleAsync(
        OperatorSession session, CancellationToken cancellationToken)
    {
        if (await IsNewAsync(session, cancellationToken))
        {
            // What left before comes out again; nothing new is said of what is made no longer.
            (await session.PartAsync(Part, cancellationToken)).MustBeInUse();
            if (await HaveOthersLeftAsync(session, cancellationToken))
            {
                return null;
            }
        }

        List<IssuedExport> issued = [];
        foreach (var file in Files)
        {
            issued.Add((await session.DecideAsync<IssuedExport>(
                StreamNames.Export(Part, file.Sha256),
                known => known is null ? [Issued(file, session.Now)] : [],
                cancellationToken)).State);
        }

        return issued;
    }

    private async Task<bool> IsNewAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        foreach (var file in Files)
        {
            var stream = StreamNames.Export(Part, file.Sha256);
            if (await session.ReadAsync<IssuedExport>(stream, cancellationToken) is null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Acts take turns: whatever has left is known here, and nothing leaves meanwhile.</summary>
    private async Task<bool> HaveOthersLeftAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        if (Files.All(file => file.Document is null))
        {
            return false;
        }

        var documents = await session.DocumentsAsync(cancellationToken);
        var issued = await documents.Query<IssuedExport>()
            .Where(one => one.TraceId == Part && one.Export == Export).ToListAsync(cancellationToken);
        return issued.Any(one => one.DocumentId is { } id && !Seen.Contains(id) && !(one.IssuedAt > AsOf));
    }

    private ExportIssued Issued(FinalFile file, DateTimeOffset now) => new(
        Part, Export, file.RulesVersion, file.FootprintVersion, file.Sha256, file.Sign?.Invoke(now), now,
        file.Document?.Id, file.Document?.CreatedAt, file.Document?.PrecedingIds);
}
