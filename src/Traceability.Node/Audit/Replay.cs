using System.Text;
using Google.Protobuf.WellKnownTypes;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;
using Traceability.Evidence;
using Traceability.Hosting;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;
using Traceability.Proofs;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Audit;

/// <summary>All that was ever recorded about a part's total, and every version of it computed anew.</summary>
internal sealed record Replay(IReadOnlyList<Wire.ReplayedEvent> Events, IReadOnlyList<Wire.ReplayedVersion> Versions)
{
    public static async Task<Replay> OfAsync(
        HostedOperator op, Part part, DateTimeOffset asOf, AuditScope scope, CancellationToken cancellationToken)
    {
        var (streams, _) = await StreamsAsync(op, part, cancellationToken);
        await using var session = op.Query();
        var parts = await session.LoadManyAsync<Part>(
            cancellationToken,
            [.. streams.Where(one => one.StartsWith(EventNames.StreamOf<Part>().Prefix, StringComparison.Ordinal))]);
        var shown = (scope.WithBillOfMaterials ? streams : OwnStreams(op, part)).ToHashSet();
        var history = scope.Of(part, await session.HistoryAsync(streams, cancellationToken))
            .Where(e => e.Time <= asOf).ToArray();
        var leaves = (await op.Log.LeavesAsync(streams, cancellationToken))
            .ToDictionary(row => (row.Stream, row.Version));
        var replayed = FootprintReplay.Of(
            part, parts.ToDictionary(one => one.TraceId), [.. history.Select(e => new PastEvent(e.Name, e.Data))]);
        var stated = history.Select(e => e.Data).OfType<StatementIssued>().ToLookup(issued => issued.Version);
        List<Wire.ReplayedVersion> versions = [];
        var before = TotalOfInputs.Nothing;
        foreach (var version in replayed)
        {
            var now = TotalOfInputs.Of(version.Stored);
            versions.Add(ToWire(version, Comparison.Of(before, now), [.. stated[version.Stored.Version]], op.Keys));
            before = now;
        }

        return new(
            [.. history.Where(e => shown.Contains(e.Stream)).Select(Event)],
            [.. scope.Of(versions)]);

        Wire.ReplayedEvent Event(RecordedEvent e)
        {
            var leaf = leaves.GetValueOrDefault((e.Stream, e.Version));
            var data = scope.Shows(e.Data) ? leaf?.Event?.Data ?? "" : "";
            var fits = Encoding.UTF8.GetByteCount(data) <= MessagePages.MaxBytes;
            return new()
            {
                Stream = e.Stream,
                Version = e.Version,
                Type = e.Type,
                RecordTime = e.Time.ToTimestamp(),
                By = e.By,
                Correlation = e.Correlation,
                Causation = e.Causation,
                LogIndex = leaf?.Index ?? -1,
                Data = fits ? data : "",
                DataLeftOff = !fits,
            };
        }
    }

    /// <summary>All streams that bear on the total of a part, and the trades of what goes in.</summary>
    public static async Task<(IReadOnlyCollection<string> Streams, IReadOnlyList<Trade> Trades)> StreamsAsync(
        HostedOperator op, Part part, CancellationToken cancellationToken)
    {
        await using var snapshot = await op.Database.SnapshotAsync(cancellationToken);
        var around = await PartLinks.AroundAsync(snapshot.Connection, [part.TraceId], cancellationToken);
        var children = around.Children;
        var about = await PartLinks.TradesAboutAsync(snapshot.Connection, children, cancellationToken);
        var trades = await snapshot.Session.LoadManyAsync<Trade>(
            cancellationToken, [.. about.Select(one => StreamNames.Trade(one.TradeId))]);
        return (
            [
                .. OwnStreams(op, part), StreamNames.BillOfMaterials(part.TraceId),
                .. children.Select(StreamNames.Part),
                .. children.Select(StreamNames.Footprint),
                .. about.Select(one => StreamNames.Upstream(one.TradeId)),
            ],
            [.. trades.OrderBy(trade => trade.TradeId)]);
    }

    /// <summary>What bears on nothing but the part itself.</summary>
    public static IReadOnlyList<string> OwnStreams(HostedOperator op, Part part) =>
        [
            StreamNames.Part(part.TraceId), StreamNames.Footprint(part.TraceId),
            StreamNames.Statement(op.Keys.PartRef(part.TraceId)),
        ];

    private static Wire.ReplayedVersion ToWire(
        ReplayedVersion version, IReadOnlyList<FootprintChange> changes, StatementIssued[] stated, OperatorKeys keys) =>
        new()
        {
            Version = version.Stored.Version,
            RollUpTime = version.Stored.RolledUpAt.ToTimestamp(),
            Stored = version.Stored.Figures is { } figures ? FigureMapping.ToWire(figures) : null,
            Replayed = version.Replayed.Figures is { } again ? FigureMapping.ToWire(again) : null,
            Agrees = version.Agrees && stated.All(statement => Says(statement, version.Stored, keys)),
            Stated = stated.Length > 0,
            Changes = { changes.Select(FootprintMapping.ToWire) },
            Sources =
            {
                version.Sources.Select(source => new Wire.ReplayedSource
                {
                    ChildTraceId = $"{source.Input?.ChildTraceId}",
                    TradeId = $"{source.Input?.TradeId}",
                    Amount = Amount.Format(source.Input is { } input
                        ? input.ChildTotal ?? 0
                        : version.Stored.Own!.Total),
                    Event = source.Source ?? "",
                    Presentation = source.Presentation ?? "",
                }),
            },
        };

    /// <summary>Opens the statement with all of its fields, as if everything had been released.</summary>
    private static bool Says(StatementIssued statement, FootprintRolledUp stored, OperatorKeys keys)
    {
        try
        {
            var presentation = SelectiveStatement.Present(statement.Signature, statement.Disclosures.Values);
            var read = StatementForm.Read(presentation, keys.OwnRing);
            return stored.Figures is { } figures
                && read.Version == stored.Version
                && read.Complete == stored.Complete
                && read.Figures.Equals(StatedFigures.Of(figures).ToFigures());
        }
        catch (ProofException)
        {
            return false;
        }
    }
}
