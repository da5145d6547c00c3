using Marten;
using Traceability.Domain.Companies;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Products;
using Traceability.Exports.Documents;
using Traceability.Node.Companies;
using Traceability.Node.Operators;
using Traceability.Node.Parts;

namespace Traceability.Node.Exports;

/// <summary>What an export is made of: the part, its total and its facts, as they were known at a moment.</summary>
internal static class ExportInputReader
{
    public static async Task<ExportInput> ReadAsync(
        HostedOperator op, TraceId traceId, string export, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        var part = await op.PartAsync(traceId, cancellationToken);
        part.MustBe(PartKind.Made);
        string[] streams = [StreamNames.Footprint(traceId), StreamNames.ProductFacts(traceId)];
        await using var session = op.Query();
        var history = (await session.HistoryAsync(streams, cancellationToken)).Where(e => e.Time <= asOf).ToArray();
        var total = history.Select(e => e.Data).OfType<FootprintRolledUp>().LastOrDefault()
            ?? throw RefusedException.NotDisclosed("Footprint", "trace_id", traceId);
        var facts = history.Select(e => e.Data).Aggregate((ProductFacts?)null, ProductFacts.Evolve);
        var company = await session.LoadAsync<Company>(StreamNames.Company(op.OperatorId), cancellationToken);
        var issued = await session.Query<IssuedExport>()
            .Where(one => one.TraceId == traceId && one.Export == export).ToListAsync(cancellationToken);
        return new(
            op.OperatorId, traceId, part.DeclaredUnit, op.Keys.PartRef(traceId), total.Version,
            total.Figures is { } figures ? StatedFigures.Of(figures) : null, total.Complete, total.Period,
            total.RolledUpAt, facts?.Facts ?? new Dictionary<string, string>(), asOf,
            [
                .. issued.Where(one => one.IssuedAt <= asOf).OrderByDescending(one => one.IssuedAt)
                    .Select(one => Earlier(one, op)).DistinctBy(one => one.Id),
            ],
            history.Select(e => e.Data).OfType<ProductFactsDeclared>().Select(one => (DateTimeOffset?)one.DeclaredAt)
                .Concat((company?.TimeZones ?? []).Select(one => (DateTimeOffset?)one.ChosenAt))
                .Where(time => time <= asOf).Max(),
            CompanyZones.ZoneOf(company, asOf));
    }

    /// <summary>What left before documents were told apart by what they say had the id of its version.</summary>
    private static EarlierExport Earlier(IssuedExport one, HostedOperator op) => one.DocumentId is { } id
        ? new(id, one.DocumentCreatedAt, one.PrecedingIds)
        : new(ExportDocument.IdOfVersion(op.OperatorId, op.Keys.PartRef(one.TraceId), one.FootprintVersion));
}
