using Grpc.Core;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Storage;
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
        var page = versions.Reverse().Skip(skip).Take(size);
        return new()
        {
            Versions =
            {
                page.Select(one => WireFootprint.ToWire(one, FootprintReader.Changes(versions, one.Version))),
            },
            NextPageToken = skip + size < versions.Count ? $"{skip + size}" : "",
        };
    }

    public override async Task<Wire.CompareFootprintsResponse> CompareFootprints(
        Wire.CompareFootprintsRequest request, ServerCallContext context)
    {
        var (op, part) = await FindMadeAsync(request.TraceId, context);
        var versions = await op.VersionsAsync(part.TraceId, context.CancellationToken);
        var input = new Input();
        var after = request.AfterVersion == 0 ? versions.Count : request.AfterVersion;
        MustBeVersion(input, "after_version", after, 1, versions.Count);
        MustBeVersion(input, "before_version", request.BeforeVersion, 0, versions.Count);
        input.ThrowIfInvalid();

        var (was, now) = (
            FootprintReader.Version(versions, request.BeforeVersion), FootprintReader.Version(versions, after));
        var response = new Wire.CompareFootprintsResponse
        {
            After = WireFootprint.ToWire(versions[(int)after - 1], []),
            Changes = { Comparison.Of(was, now).Select(WireFootprint.ToWire) },
            Difference = Amount.Format((now.Figures?.Total ?? 0) - (was.Figures?.Total ?? 0)),
        };
        if (request.BeforeVersion > 0)
        {
            response.Before = WireFootprint.ToWire(versions[(int)request.BeforeVersion - 1], []);
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
        var records = await op.ReadBelowAsync([part.TraceId], clock.GetUtcNow(), context.CancellationToken);
        var company = CompanyRollUp.Of(records).All();
        var (spots, result) = (company.HotSpots(part.TraceId), company.Result(part.TraceId));
        return new()
        {
            HotSpots = { spots.Skip(skip).Take(size).Select(WireFootprint.ToWire) },
            NextPageToken = skip + size < spots.Count ? $"{skip + size}" : "",
            Figures = result.Figures is { } figures ? WireFigures.ToWire(figures) : null,
            Complete = result.Complete,
        };
    }

    public override async Task<Wire.SimulateFootprintResponse> SimulateFootprint(
        Wire.SimulateFootprintRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("trace_id", request.TraceId);
        var figures = request.Figures.Index().Select(one => (
            TraceId: input.Id($"figures[{one.Index}].trace_id", one.Item.TraceId),
            Figures: WireFigures.Read(input, $"figures[{one.Index}].figures", one.Item.Figures))).ToList();
        var bills = request.Bills.Index().Select(one => (
            Parent: input.Id($"bills[{one.Index}].parent_trace_id", one.Item.ParentTraceId),
            Lines: BillInput.Read(input, $"bills[{one.Index}].lines", one.Item.Lines))).ToList();
        input.ThrowIfInvalid();

        var op = operators.Of(context);
        (await op.PartAsync(id, context.CancellationToken)).MustBe(PartKind.Made);
        var named = bills.SelectMany(bill => bill.Lines.Select(line => line.ChildTraceId).Append(bill.Parent))
            .Concat(figures.Select(one => one.TraceId)).Append(id).ToHashSet();
        var records = await op.ReadBelowAsync(named, clock.GetUtcNow(), context.CancellationToken);
        var unknown = named.Where(one => !records.Parts.ContainsKey(one)).Take(1).ToArray();
        if (unknown is [var missing])
        {
            throw RefusedException.NotDisclosed("Part", "trace_id", missing);
        }

        var changed = figures.Aggregate(
            records.WithBills(bills), (before, one) => before.WithFigures(one.TraceId, one.Figures));
        var (standing, simulated) = (Roll(records, id), Roll(changed, id));
        return new()
        {
            Before = WireFootprint.ToWire(id, standing),
            After = WireFootprint.ToWire(id, simulated),
            Changes =
            {
                Comparison.Of(TotalOfInputs.Of(standing), TotalOfInputs.Of(simulated)).Select(WireFootprint.ToWire),
            },
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
        var parents = await op.QueryAsync<BillOfMaterials>(
            $"""
            where d.id in (
                select 'bom/' || parent from {EventStore.Schema}.bill_line where child = ?) order by d.id
            """,
            context.CancellationToken,
            part.TraceId);
        Guid[] made = [.. parents.Select(bill => bill.ParentTraceId)];
        var records = await op.ReadAsync(made, now, context.CancellationToken);
        var trades = await op.QueryAsync<Trade>(
            Links.OfTradesAbout("trade/"), context.CancellationToken, new[] { part.TraceId });
        var upstreams = await op.UpstreamsAsync([part.TraceId], context.CancellationToken);
        return new()
        {
            Alternatives =
            {
                trades.Skip(skip).Take(size).Select(trade => ToWire(
                    trade, part, upstreams.FirstOrDefault(one => one.TradeId == trade.TradeId), records, made)),
            },
            NextPageToken = skip + size < trades.Count ? $"{skip + size}" : "",
        };
    }

    private static Wire.Alternative ToWire(
        Trade trade, Part part, UpstreamTotal? upstream, CompanyRecords records, IEnumerable<Guid> made)
    {
        var alone = records.WithSupplier(part.TraceId, upstream);
        return new()
        {
            TradeId = trade.TradeId.ToString(),
            SupplierOperatorId = trade.SupplierId.ToString(),
            Figures = upstream?.Figures is { } figures ? WireFigures.ToWire(figures) : null,
            Complete = upstream is { Complete: true },
            DeclaredUnit = upstream?.DeclaredUnit ?? "",
            Totals = { made.Select(parent => WireFootprint.ToWire(parent, Roll(alone, parent))) },
        };
    }

    private static RollUpResult Roll(CompanyRecords records, Guid traceId) =>
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
