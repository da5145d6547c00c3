using Grpc.Core;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Footprints;

/// <summary>Questions people ask. Nothing here stores anything.</summary>
internal sealed partial class FootprintServer
{
    public override async Task<Wire.ListFootprintVersionsResponse> ListFootprintVersions(
        Wire.ListFootprintVersionsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        input.ThrowIfInvalid();
        var (op, part) = await FindMadeAsync(request.TraceId, context);
        var versions = await op.VersionsAsync(part.TraceId, context.CancellationToken);
        var shown = versions.Reverse().Skip(skip).Take(size)
            .Select(one => FootprintMapping.ToWire(one, FootprintReader.Changes(versions, one.Version))).ThatFit();
        return new()
        {
            Versions = { shown },
            NextPageToken = skip + shown.Count < versions.Count ? $"{skip + shown.Count}" : "",
        };
    }

    public override async Task<Wire.CompareFootprintsResponse> CompareFootprints(
        Wire.CompareFootprintsRequest request, ServerCallContext context)
    {
        var (op, part) = await FindMadeAsync(request.TraceId, context);
        var versions = await op.VersionsAsync(part.TraceId, context.CancellationToken);
        var input = new Input();
        var skip = input.Offset(request.PageToken);
        var after = request.AfterVersion == 0 ? versions.Count : request.AfterVersion;
        MustBeVersion(input, "after_version", after, 1, versions.Count);
        MustBeVersion(input, "before_version", request.BeforeVersion, 0, versions.Count);
        input.ThrowIfInvalid();

        var (was, now) = (
            FootprintReader.Version(versions, request.BeforeVersion), FootprintReader.Version(versions, after));
        var changes = Comparison.Of(was, now);
        var response = new Wire.CompareFootprintsResponse
        {
            After = FootprintMapping.ToWire(versions[(int)after - 1], []),
            Changes = { changes.Skip(skip).Select(FootprintMapping.ToWire).ThatFit() },
            Difference = Amount.Format((now.Figures?.Total ?? 0) - (was.Figures?.Total ?? 0)),
        };
        var shown = skip + response.Changes.Count;
        response.NextPageToken = shown < changes.Count ? $"{shown}" : "";
        if (request.BeforeVersion > 0)
        {
            response.Before = FootprintMapping.ToWire(versions[(int)request.BeforeVersion - 1], []);
            if (response.Before.Complete && response.After.Complete)
            {
                response.CompleteDifference = response.Difference;
            }
        }

        return response;
    }

    public override async Task<Wire.ListHotSpotsResponse> ListHotSpots(
        Wire.ListHotSpotsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        input.ThrowIfInvalid();
        var (op, part) = await FindMadeAsync(request.TraceId, context);
        await using var snapshot = await op.Database.SnapshotAsync(context.CancellationToken);
        var records = await CompanyReader.ReadBelowAsync(
            snapshot.Session, snapshot.Connection, [part.TraceId], clock.GetUtcNow(), context.CancellationToken);
        var company = CompanyRollUp.Of(records).All();
        var (spots, result) = (company.HotSpots(part.TraceId), company.Result(part.TraceId));
        return new Wire.ListHotSpotsResponse
        {
            HotSpots = { spots.Skip(skip).Take(size).Select(FootprintMapping.ToWire) },
            NextPageToken = skip + size < spots.Count ? $"{skip + size}" : "",
            Figures = result.Figures is { } figures ? FigureMapping.ToWire(figures) : null,
            Complete = result.Complete,
        }.WithCompleteTotal();
    }

    public override async Task<Wire.SimulateFootprintResponse> SimulateFootprint(
        Wire.SimulateFootprintRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id<TraceId>("trace_id", request.TraceId);
        var figures = request.Figures.Index().Select(one => (
            TraceId: input.Id<TraceId>($"figures[{one.Index}].trace_id", one.Item.TraceId),
            Figures: FigureMapping.Read(input, $"figures[{one.Index}].figures", one.Item.Figures).ToFigures()))
            .ToList();
        var bills = request.Bills.Index().Select(one => (
            Parent: input.Id<TraceId>($"bills[{one.Index}].parent_trace_id", one.Item.ParentTraceId),
            Lines: PartMapping.Read(input, $"bills[{one.Index}].lines", one.Item.Lines))).ToList();
        input.ThrowIfInvalid();

        var op = operators.Of(context);
        (await op.PartAsync(id, context.CancellationToken)).MustBe(PartKind.Made);
        var named = bills.SelectMany(bill => bill.Lines.Select(line => line.ChildTraceId).Append(bill.Parent))
            .Concat(figures.Select(one => one.TraceId)).Append(id).ToHashSet();
        await using var snapshot = await op.Database.SnapshotAsync(context.CancellationToken);
        var records = await CompanyReader.ReadBelowAsync(
            snapshot.Session, snapshot.Connection, named, clock.GetUtcNow(), context.CancellationToken);
        var unknown = named.Where(one => !records.Parts.ContainsKey(one)).Take(1).ToArray();
        if (unknown is [var missing])
        {
            throw RefusedException.NotDisclosed("Part", "trace_id", missing);
        }

        var changed = figures.Aggregate(
            records.WithBills(bills), (before, one) => before.WithFigures(one.TraceId, one.Figures));
        var (standing, simulated) = (Roll(records, id), Roll(changed, id));
        var changes = Comparison.Of(TotalOfInputs.Of(standing), TotalOfInputs.Of(simulated));
        var shown = changes.Select(FootprintMapping.ToWire).ThatFit();
        return new()
        {
            Before = FootprintMapping.ToWire(id, standing),
            After = FootprintMapping.ToWire(id, simulated),
            Changes = { shown },
            ChangesLeftOff = changes.Count - shown.Count,
        };
    }

    public override async Task<Wire.ListAlternativesResponse> ListAlternatives(
        Wire.ListAlternativesRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        input.ThrowIfInvalid();
        var (op, part) = await FindAsync(request.TraceId, context);
        part.MustBe(PartKind.Bought);
        var now = clock.GetUtcNow();
        await using var snapshot = await op.Database.SnapshotAsync(context.CancellationToken);
        var made = await PartLinks.ParentsAsync(snapshot.Connection, part.TraceId, context.CancellationToken);
        var records = await CompanyReader.ReadAsync(
            snapshot.Session, snapshot.Connection, made, now, context.CancellationToken);
        var about = await PartLinks.TradesAboutAsync(snapshot.Connection, [part.TraceId], context.CancellationToken);
        var batch = snapshot.Session.CreateBatchQuery();
        var reading = batch.LoadMany<Trade>().ById([.. about.Select(trade => StreamNames.Trade(trade.TradeId))]);
        var told = batch.LoadMany<UpstreamTotal>()
            .ById([.. about.Select(trade => StreamNames.Upstream(trade.TradeId))]);
        await batch.Execute(context.CancellationToken);
        Trade[] trades = [.. (await reading).OrderBy(trade => trade.TradeId)];
        var upstreams = await told;
        var shown = trades.Skip(skip).Take(size).Select(trade => ToWire(
            trade, part, upstreams.FirstOrDefault(one => one.TradeId == trade.TradeId), records, made)).ThatFit();
        return new()
        {
            Alternatives = { shown },
            NextPageToken = skip + shown.Count < trades.Length ? $"{skip + shown.Count}" : "",
        };
    }

    private static Wire.Alternative ToWire(
        Trade trade, Part part, UpstreamTotal? upstream, CompanyRecords records, IReadOnlyCollection<TraceId> made)
    {
        var alone = records.WithSupplier(part.TraceId, upstream);
        // What has run out is missing here, too.
        var told = upstream?.StateAt(records.Time) == LineState.Answered ? upstream : null;
        var totals = made.Select(parent => FootprintMapping.ToWire(parent, Roll(alone, parent))).ThatFit();
        return new Wire.Alternative
        {
            TradeId = trade.TradeId.ToString(),
            SupplierOperatorId = trade.SupplierId.ToString(),
            Figures = told?.Figures is { } figures ? FigureMapping.ToWire(figures) : null,
            Complete = told is { Complete: true },
            DeclaredUnit = upstream?.DeclaredUnit ?? "",
            Totals = { totals },
            TotalsLeftOff = made.Count - totals.Count,
            TradeStatus = (Wire.TradeStatus)trade.Status,
        }.WithCompleteTotal();
    }

    private static RollUpResult Roll(CompanyRecords records, TraceId traceId) =>
        CompanyRollUp.Of(records).All().Result(traceId);

    private static void MustBeVersion(Input input, string field, long version, long lowest, long highest)
    {
        if (version < lowest || version > highest)
        {
            input.Violate(field, version, $"must be a version from {lowest} to {highest}.");
        }
    }

    private async Task<(HostedOperator Operator, Part Part)> FindMadeAsync(string traceId, ServerCallContext context)
    {
        var found = await FindAsync(traceId, context);
        found.Part.MustBe(PartKind.Made);
        return found;
    }
}
