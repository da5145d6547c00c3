using Traceability.Node.Companies;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>What came out of an import.</summary>
/// <param name="Stored">Whether it was stored: not if anything is wrong, or if it was to be checked only.</param>
/// <param name="Changed">How many records are new or different.</param>
/// <param name="Unchanged">How many say what is so already.</param>
/// <param name="Errors">What is wrong, up to a limit.</param>
/// <param name="ErrorCount">How much is wrong in all.</param>
/// <param name="Changes">What is new or different, up to a limit.</param>
internal sealed record ImportOutcome(
    bool Stored, int Changed, int Unchanged, IReadOnlyList<Wire.ImportError> Errors, int ErrorCount,
    IReadOnlyList<Wire.ImportedChange> Changes);

/// <summary>
/// Many records at once, all or none. Each row is the same act as the call of its own, so it is checked and refused
/// alike; everything is checked, whatever is wrong, because a person mends a sheet once.
/// </summary>
/// <param name="Rows">As they were sent.</param>
/// <param name="DryRun">Whether they are checked only.</param>
/// <param name="Progress">Told how many rows are done.</param>
internal sealed record ImportRecords(
    IReadOnlyList<Wire.ImportRow> Rows, bool DryRun, Func<int, Task> Progress) : IAct<ImportOutcome>
{
    public IEnumerable<OperatorId> Members => Rows
        .Select(row => Guid.TryParseExact(row.Trade?.SupplierOperatorId, "D", out var id) ? id : Guid.Empty)
        .Where(id => id != Guid.Empty).Distinct().Select(OperatorId.Of);

    public async Task<ImportOutcome> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var import = new Import(session, new(await session.ZoneAsync(cancellationToken)), Progress);
        await import.FetchPartsAsync(cancellationToken);
        // Parts first: all other rows name them.
        await PartRows.ImportAsync(import, Of(row => row.Part), cancellationToken);
        await LineRows.ImportAsync(import, Of(row => row.Line), cancellationToken);
        await ContributionRows.ImportAsync(import, Of(row => row.Contribution), cancellationToken);
        await TradeRows.ImportAsync(import, Of(row => row.Trade), cancellationToken);
        await AnswerRows.ImportAsync(import, Of(row => row.Answer), cancellationToken);
        foreach (var row in Rows.Where(row => row.RecordCase == Wire.ImportRow.RecordOneofCase.None))
        {
            import.Fail(row, "", "\"\" is not valid: the row must hold a record.");
        }

        var stored = !DryRun && import.ErrorCount == 0;
        if (!stored)
        {
            session.Discard();
        }

        return new(stored, import.Changed, import.Unchanged, import.Errors, import.ErrorCount, import.Changes);
    }

    private IReadOnlyList<(Wire.ImportRow Row, T Record)> Of<T>(Func<Wire.ImportRow, T?> record)
        where T : class => [.. Rows.Where(row => record(row) is not null).Select(row => (row, record(row)!))];
}
