using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Local.Federation;

namespace Traceability.Local.Demo;

/// <summary>A company's clerk at work: what a person would do with its node.</summary>
public sealed class CompanyAtWork : IDisposable
{
    public static Period Year { get; } = new()
    {
        StartTime = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToTimestamp(),
        EndTime = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero).ToTimestamp(),
    };

    private readonly FederationClient _node;

    private CompanyAtWork(Company company, FederationClient node)
    {
        (Company, _node) = (company, node);
        Parts = new(node.Channel);
        Trades = new(node.Channel);
        Releases = new(node.Channel);
        Footprints = new(node.Channel);
        Imports = new(node.Channel);
    }

    public Company Company { get; }

    public PartService.PartServiceClient Parts { get; }

    public TradeService.TradeServiceClient Trades { get; }

    public ReleaseService.ReleaseServiceClient Releases { get; }

    public FootprintService.FootprintServiceClient Footprints { get; }

    public ImportService.ImportServiceClient Imports { get; }

    public ChannelBase Channel => _node.Channel;

    public CallOptions Call => _node.Call;

    public static async Task<CompanyAtWork> StartAsync(
        LocalFederation federation, string name, CancellationToken cancellationToken) => new(
            federation.Company(name), await FederationClient.ForClerkAsync(federation, name, cancellationToken));

    public async Task<string> RegisterAsync(string name, PartKind kind)
    {
        var part = new Part
        {
            TraceId = Guid.CreateVersion7().ToString(),
            Name = name,
            Kind = kind,
            DeclaredUnit = "piece",
        };
        await Parts.RegisterPartAsync(new RegisterPartRequest { Part = part }, Call);
        return part.TraceId;
    }

    public async Task<Footprint> DeclareAsync(string traceId, string kilograms)
    {
        var request = new DeclareContributionRequest
        {
            Contribution = new()
            {
                TraceId = traceId,
                ReferencePeriod = Year,
                Figures = new()
                {
                    Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = kilograms } },
                },
            },
        };
        return (await Footprints.DeclareContributionAsync(request, Call)).Footprint;
    }

    /// <summary>The evidence behind the newest total of a part, as one file.</summary>
    public async Task<byte[]> BundleAsync(string traceId, CancellationToken cancellationToken)
    {
        using var export = new AuditService.AuditServiceClient(Channel).ExportBundle(
            new ExportBundleRequest { TraceId = traceId }, Call);
        using var bytes = new MemoryStream();
        while (await export.ResponseStream.MoveNext(cancellationToken))
        {
            export.ResponseStream.Current.Chunk.WriteTo(bytes);
        }

        return bytes.ToArray();
    }

    public async Task ContainsAsync(string parent, string child, string quantity) =>
        await Parts.DeclareBillOfMaterialsAsync(
            new DeclareBillOfMaterialsRequest
            {
                ParentTraceId = parent,
                Lines =
                {
                    new BillOfMaterialsLine
                    {
                        ChildTraceId = child,
                        Quantity = new() { Amount = quantity, Unit = "piece" },
                    },
                },
            },
            Call);

    public async Task<string> RequestAsync(Company supplier, string traceId, string message)
    {
        var request = new RequestTradeRequest
        {
            TradeId = Guid.CreateVersion7().ToString(),
            SupplierOperatorId = supplier.OperatorId.ToString(),
            DownstreamTraceId = traceId,
            Message = message,
        };
        await Trades.RequestTradeAsync(request, Call);
        return request.TradeId;
    }

    /// <summary>Accepts as soon as the request has arrived, and releases the total.</summary>
    public async Task AnswerAsync(string tradeId, string traceId, CancellationToken cancellationToken)
    {
        await WaitForTradeAsync(tradeId, cancellationToken);
        await Trades.AcceptTradeAsync(new AcceptTradeRequest { TradeId = tradeId, UpstreamTraceId = traceId }, Call);
        await Releases.GrantReleaseAsync(
            new GrantReleaseRequest
            {
                TradeId = tradeId,
                Fields = { FootprintField.Total },
                Purpose = "product_footprint",
            },
            Call);
    }

    /// <summary>Imports rows, all or nothing.</summary>
    public async Task<ImportResult> ImportAsync(
        IReadOnlyList<ImportRow> rows, CancellationToken cancellationToken, bool dryRun = false)
    {
        using var import = Imports.ImportRecords(Call.WithCancellationToken(cancellationToken));
        await import.RequestStream.WriteAsync(new() { Start = new() { DryRun = dryRun } }, cancellationToken);
        foreach (var page in rows.Chunk(500))
        {
            await import.RequestStream.WriteAsync(new() { Rows = new() { Rows = { page } } }, cancellationToken);
        }

        await import.RequestStream.CompleteAsync();
        ImportResult? result = null;
        await foreach (var answer in import.ResponseStream.ReadAllAsync(cancellationToken))
        {
            // Progress is not looked at; what did not fit into the first result comes in further ones.
            result?.Errors.AddRange(answer.Result?.Errors ?? []);
            result?.Changes.AddRange(answer.Result?.Changes ?? []);
            result ??= answer.Result;
        }

        return result ?? throw new InvalidOperationException("The import ended without a result.");
    }

    public async Task<Footprint> FootprintAsync(string traceId) =>
        (await Footprints.GetFootprintAsync(new GetFootprintRequest { TraceId = traceId }, Call)).Footprint;

    /// <summary>Waits until the footprint is as expected; the call's deadline is the longest wait.</summary>
    public async Task<Footprint> WaitForAsync(
        string traceId, Func<Footprint, bool> condition, CancellationToken cancellationToken)
    {
        using var watch = Footprints.WatchFootprint(
            new WatchFootprintRequest { TraceId = traceId }, Call.WithCancellationToken(cancellationToken));
        await foreach (var seen in watch.ResponseStream.ReadAllAsync(cancellationToken))
        {
            if (condition(seen.Footprint))
            {
                return seen.Footprint;
            }
        }

        throw new InvalidOperationException("The watch ended.");
    }

    public Task<Footprint> WaitForTotalAsync(string traceId, string total, CancellationToken cancellationToken) =>
        WaitForAsync(
            traceId,
            footprint => footprint is { Complete: true } && footprint.Figures?.Total == total,
            cancellationToken);

    public void Dispose() => _node.Dispose();

    public async Task WaitForTradeAsync(string tradeId, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                await Trades.GetTradeAsync(new GetTradeRequest { TradeId = tradeId }, Call);
                return;
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.PermissionDenied)
            {
                // Not there yet.
                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }
    }
}
