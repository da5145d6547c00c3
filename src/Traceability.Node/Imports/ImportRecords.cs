using Grpc.Core;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>What is there already, as far as rows touch it.</summary>
internal sealed record ImportRecords(
    IReadOnlyDictionary<Guid, Part> Parts,
    IReadOnlyDictionary<string, Guid> PartNumbers,
    IReadOnlyDictionary<Guid, BillOfMaterials> Bills,
    IReadOnlyDictionary<Guid, IReadOnlyList<BillOfMaterialsLine>> Lines,
    IReadOnlyDictionary<Guid, Footprint> Footprints,
    IReadOnlyDictionary<Guid, Trade> Trades,
    IReadOnlyDictionary<Guid, Release> Releases,
    IReadOnlySet<Guid> Members)
{
    /// <summary>
    /// All parts and bills: rows name parts by number, and a cycle may lead through any of them. The others by id.
    /// </summary>
    public static async Task<ImportRecords> ReadAsync(
        HostedOperator op, IReadOnlyList<Wire.ImportRow> rows, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var parts = await op.QueryAsync<Part>("order by d.id", cancellationToken);
        var bills = await op.QueryAsync<BillOfMaterials>("order by d.id", cancellationToken);
        var footprints = rows.Any(row => row.Contribution is not null)
            ? await op.QueryAsync<Footprint>("order by d.id", cancellationToken)
            : [];
        var trades = rows.Any(row => row.Trade is not null || row.Answer is not null)
            ? await op.QueryAsync<Trade>("order by d.id", cancellationToken)
            : [];
        var releases = rows.Any(row => row.Answer is not null)
            ? await op.QueryAsync<Release>("order by d.id", cancellationToken)
            : [];
        return new(
            parts.ToDictionary(part => part.TraceId),
            parts.Where(part => part.PartNumber.Length > 0).GroupBy(part => part.PartNumber, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.First().TraceId, StringComparer.Ordinal),
            bills.ToDictionary(bill => bill.ParentTraceId),
            bills.ToDictionary(bill => bill.ParentTraceId, bill => bill.At(now)?.Lines ?? []),
            footprints.ToDictionary(footprint => footprint.TraceId),
            trades.ToDictionary(trade => trade.TradeId),
            releases.ToDictionary(release => release.TradeId),
            await MembersAsync(op, rows, cancellationToken));
    }

    /// <summary>
    /// Which suppliers the broker knows. If it is away, all are taken for known: requests wait for it.
    /// </summary>
    private static async Task<HashSet<Guid>> MembersAsync(
        HostedOperator op, IReadOnlyList<Wire.ImportRow> rows, CancellationToken cancellationToken)
    {
        var named = rows.Select(row => row.Trade?.SupplierOperatorId).Distinct()
            .Select(text => Guid.TryParseExact(text, "D", out var id) ? id : Guid.Empty)
            .Where(id => id != Guid.Empty).ToHashSet();
        foreach (var supplier in named.ToArray())
        {
            try
            {
                await op.Broker.OperatorAsync(supplier, cancellationToken);
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.PermissionDenied)
            {
                named.Remove(supplier);
            }
            catch (Exception exception) when (exception is RpcException or HttpRequestException)
            {
                break;
            }
        }

        return named;
    }
}
