using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Evidence;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;
using Traceability.Node.Releases;
using Traceability.Proofs;
using Traceability.Storage;
using Disclosure = Traceability.Domain.Statements.Disclosure;
using Part = Traceability.Domain.Parts.Part;
using Release = Traceability.Domain.Releases.Release;
using Statement = Traceability.Domain.Statements.Statement;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Node.Exchange;

/// <summary>
/// Tells the broker what was decided, in order. A row is deleted after the broker has committed it: said twice is said
/// once, because ids are chosen here.
/// </summary>
internal sealed partial class Sender(
    Recalculation recalculation, NodeSettings node, TimeProvider clock, ILogger<Sender> logger)
{
    public const string LetterType = "traceability-letter+jwe";
    public const string DisclosureType = "traceability-disclosure+jwe";

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    public async Task RunAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        await PublishKeysAsync(op, cancellationToken);
        var source = op.Source;
        while (true)
        {
            var rows = await Outbox.ReadAsync(source, cancellationToken);
            foreach (var row in rows)
            {
                if (await SendAsync(op, row, cancellationToken) is { } delivered)
                {
                    await LogAsync(op, row, delivered, cancellationToken);
                }
                else
                {
                    await Outbox.DeleteAsync(source, row.Id, cancellationToken);
                }
            }

            if (rows.Count == 0)
            {
                // Bills of materials for later come into force while nothing else happens.
                if (!await op.WaitForOutboxAsync(LookInterval, cancellationToken))
                {
                    await recalculation.LookAsync(op, cancellationToken);
                }
            }
        }
    }

    private static async Task PublishKeysAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        foreach (var (use, key, _) in op.Keys.All.Where(key => key.Current))
        {
            await op.Broker.Directory.PublishKeyAsync(
                new PublishKeyRequest { Use = use, Jwk = key.Public.ToJwk() },
                await op.Broker.CallAsync(cancellationToken));
        }
    }

    /// <summary>What was shown to whom stands in the company's own log before it is forgotten that it was to be
    /// sent.</summary>
    private static Task<bool> LogAsync(
        HostedOperator op, OutboxRow row, StatementDelivered delivered, CancellationToken cancellationToken) =>
        op.WorkAsync(
            row.Kind,
            async work =>
            {
                await work.DecideAsync<Disclosure>(
                    Keys.Disclosure(delivered.MessageId), known => known is null ? [delivered] : [], cancellationToken);
                work.Sql($"delete from {EventStore.Schema}.outbox where id = ?", row.Id);
                return true;
            },
            cancellationToken);

    private async Task<StatementDelivered?> SendAsync(
        HostedOperator op, OutboxRow row, CancellationToken cancellationToken)
    {
        using var activity = HostedOperator.Activities.StartActivity(
            $"send {row.Kind}", ActivityKind.Producer, row.Traceparent);
        try
        {
            if (row.Kind == Outbox.Disclosure)
            {
                return await DiscloseAsync(op, row.TradeId, cancellationToken);
            }

            await DispatchAsync(op, row, cancellationToken);
        }
        catch (RpcException exception) when (IsFinal(exception.StatusCode))
        {
            // The broker will not take it, now or later: trying again would block everything behind it.
            LogRefused(row.Kind, row.TradeId, exception.StatusCode);
        }
        catch (RefusedException exception)
        {
            LogDropped(row.Kind, row.TradeId, exception.Reason);
        }

        return null;
    }

    private static Task DispatchAsync(
        HostedOperator op, OutboxRow row, CancellationToken cancellationToken) => row.Kind switch
        {
            Outbox.TradeRequest => RequestTradeAsync(op, row, cancellationToken),
            Outbox.TradeAccept => AcceptTradeAsync(op, row, cancellationToken),
            Outbox.TradeReject => RejectTradeAsync(op, row, cancellationToken),
            Outbox.TradeCancel => CancelTradeAsync(op, row, cancellationToken),
            Outbox.TradeEnd => EndTradeAsync(op, row, cancellationToken),
            Outbox.ReleaseGrant => GrantReleaseAsync(op, row, cancellationToken),
            Outbox.ReleaseRevoke => RevokeReleaseAsync(
                op, row.TradeId, row.Read<ReleaseToSend>().Revision, cancellationToken),
            _ => throw new InvalidOperationException($"Unknown kind of outbox row: {row.Kind}."),
        };

    private static async Task RequestTradeAsync(HostedOperator op, OutboxRow row, CancellationToken cancellationToken)
    {
        var request = row.Read<TradeRequestToSend>();
        var letter = new TradeLetter
        {
            Message = request.Message,
            DueTime = request.DueAt?.ToTimestamp(),
            DeclaredUnit = request.Unit,
        };
        await op.Broker.Trades.RequestTradeAsync(
            new RequestTradeRequest
            {
                TradeId = row.TradeId.ToString(),
                SupplierOperatorId = request.SupplierId.ToString(),
                SealedLetter = await SealAsync(op, request.SupplierId, letter, cancellationToken),
            },
            await op.Broker.CallAsync(cancellationToken));
    }

    private static async Task AcceptTradeAsync(HostedOperator op, OutboxRow row, CancellationToken cancellationToken) =>
        await op.Broker.Trades.AcceptTradeAsync(
            new AcceptTradeRequest
            {
                TradeId = row.TradeId.ToString(),
                PartRef = row.Read<TradeAcceptToSend>().PartRef,
            },
            await op.Broker.CallAsync(cancellationToken));

    private static async Task RejectTradeAsync(HostedOperator op, OutboxRow row, CancellationToken cancellationToken)
    {
        var reject = row.Read<TradeRejectToSend>();
        await op.Broker.Trades.RejectTradeAsync(
            new RejectTradeRequest
            {
                TradeId = row.TradeId.ToString(),
                SealedLetter = await SealAsync(
                    op, reject.BuyerId, new TradeLetter { Message = reject.Message }, cancellationToken),
            },
            await op.Broker.CallAsync(cancellationToken));
    }

    private static async Task CancelTradeAsync(HostedOperator op, OutboxRow row, CancellationToken cancellationToken) =>
        await op.Broker.Trades.CancelTradeAsync(
            new CancelTradeRequest { TradeId = row.TradeId.ToString() },
            await op.Broker.CallAsync(cancellationToken));

    private static async Task EndTradeAsync(HostedOperator op, OutboxRow row, CancellationToken cancellationToken) =>
        await op.Broker.Trades.EndTradeAsync(
            new EndTradeRequest { TradeId = row.TradeId.ToString() }, await op.Broker.CallAsync(cancellationToken));

    private static async Task GrantReleaseAsync(HostedOperator op, OutboxRow row, CancellationToken cancellationToken)
    {
        var release = (await op.ReadAsync<Release>(Keys.Release(row.TradeId), cancellationToken))!;
        if (release.Revision != row.Read<ReleaseToSend>().Revision)
        {
            // A later decision is on its way behind this one, and says all.
            return;
        }

        await op.Broker.Releases.GrantReleaseAsync(
            new GrantReleaseRequest
            {
                TradeId = row.TradeId.ToString(),
                Fields = { release.Fields.Select(field => (Contracts.Common.V1.FootprintField)field) },
                Purpose = release.Purpose,
                ValidUntilTime = release.ValidUntil?.ToTimestamp(),
                Revision = release.Revision,
            },
            await op.Broker.CallAsync(cancellationToken));
    }

    /// <summary>Also called by the rpc itself, which answers only after the broker has confirmed.</summary>
    public static async Task RevokeReleaseAsync(
        HostedOperator op, Guid tradeId, long revision, CancellationToken cancellationToken) =>
        await op.Broker.Releases.RevokeReleaseAsync(
            new RevokeReleaseRequest { TradeId = tradeId.ToString(), Revision = revision },
            await op.Broker.CallAsync(cancellationToken));

    /// <summary>Sends the footprint as it stands now: of several changes in a row the last one is enough.</summary>
    private async Task<StatementDelivered?> DiscloseAsync(
        HostedOperator op, Guid tradeId, CancellationToken cancellationToken)
    {
        var (reading, releasing) = (
            op.ReadAsync<Trade>(Keys.Trade(tradeId), cancellationToken),
            op.ReadAsync<Release>(Keys.Release(tradeId), cancellationToken));
        var (trade, release) = (await reading, await releasing);
        var fields = DisclosurePolicy.Decide(
            new DisclosureCase(op.OperatorId, tradeId, release?.Purpose ?? "", trade, release, true, true),
            clock.GetUtcNow());
        var footprint = await op.ReadAsync<Footprint>(
            Keys.Footprint(trade!.UpstreamTraceId!.Value), cancellationToken);
        if (footprint?.Figures is null)
        {
            return null;
        }

        await InferenceReview.CheckAsync(
            op, trade, fields, release!.AcceptedFindings, node.Inference, clock.GetUtcNow(), cancellationToken);

        // The customer's key is asked for while the statement is signed and stored.
        var asking = op.Broker.SealingKeyAsync(trade.BuyerId, cancellationToken);
        var statement = await StatementOfAsync(op, footprint, cancellationToken);
        var shown = StatementForm.FieldNames(fields)
            .Where(statement.Disclosures.ContainsKey).Select(name => statement.Disclosures[name]);
        var presentation = SelectiveStatement.Present(statement.Signature, shown);
        var certificates = fields.Contains(FootprintField.Certificate)
            ? await CertificatesAsync(op, footprint, cancellationToken)
            : [];
        var key = await asking;
        string[] documents = [presentation, .. certificates.Select(one => one.Document!)];
        var content = documents is [var only]
            ? JsonSerializer.SerializeToUtf8Bytes(only)
            : JsonSerializer.SerializeToUtf8Bytes(documents);
        var messageId = MessageId(string.Join(
            "/",
            [
                tradeId, statement.Version, JsonWebSignature.KeyId(statement.Signature), release!.Revision,
                .. certificates.Select(one => $"{one.CertificateId}/{JsonWebSignature.KeyId(one.Document!)}"),
            ]));
        await op.Broker.Exchange.SubmitDisclosureAsync(
            new SubmitDisclosureRequest
            {
                MessageId = messageId.ToString(),
                TradeId = tradeId.ToString(),
                Purpose = release.Purpose,
                SealedStatement = JsonWebEncryption.Seal(key, DisclosureType, content),
            },
            await op.Broker.CallAsync(cancellationToken));
        return new(
            statement.PartRef, tradeId, statement.Version, messageId, clock.GetUtcNow(), footprint.TraceId,
            trade.BuyerId, fields);
    }

    /// <summary>Those about the figures that stand, not about earlier ones.</summary>
    private async Task<IReadOnlyList<Certificate>> CertificatesAsync(
        HostedOperator op, Footprint footprint, CancellationToken cancellationToken) =>
    [
        .. (await op.CertificatesAsync(footprint.TraceId, cancellationToken)).Where(one =>
            one.Document is not null
            && one.At(clock.GetUtcNow(), footprint) is CertificateStanding.InForce or CertificateStanding.NotYetValid),
    ];

    /// <summary>One statement per part and version: all customers get the same.</summary>
    private async Task<Statement> StatementOfAsync(
        HostedOperator op, Footprint footprint, CancellationToken cancellationToken)
    {
        var partRef = op.Keys.PartRef(footprint.TraceId);
        var part = (await op.ReadAsync<Part>(Keys.Part(footprint.TraceId), cancellationToken))!;
        var decided = await op.WorkAsync(
            "disclosure",
            work => work.DecideAsync<Statement>(
                Keys.Statement(partRef),
                statement => statement is { Withdrawn: false } && statement.Version >= footprint.Version
                    ? []
                    : [Issue()],
                cancellationToken),
            cancellationToken);
        return decided.State;

        StatementIssued Issue()
        {
            var now = clock.GetUtcNow();
            var issued = StatementForm.Issue(
                op.Keys.Signing, op.OperatorId, partRef, part.DeclaredUnit, footprint, now);
            return new(footprint.TraceId, partRef, footprint.Version, issued.Signature, issued.Disclosures, now);
        }
    }

    private static async Task<string> SealAsync(
        HostedOperator op, Guid receiver, TradeLetter letter, CancellationToken cancellationToken) =>
        JsonWebEncryption.Seal(
            await op.Broker.SealingKeyAsync(receiver, cancellationToken),
            LetterType,
            Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(letter)));

    /// <summary>The same disclosure has the same id after a crash, too.</summary>
    private static Guid MessageId(string name) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16), bigEndian: true);

    private static bool IsFinal(StatusCode code) => code is StatusCode.InvalidArgument or StatusCode.PermissionDenied
        or StatusCode.FailedPrecondition or StatusCode.AlreadyExists;

    [LoggerMessage(LogLevel.Warning, "The broker refused {Kind} of trade {TradeId}: {Code}")]
    private partial void LogRefused(string kind, Guid tradeId, StatusCode code);

    [LoggerMessage(LogLevel.Information, "{Kind} of trade {TradeId} is not sent any more: {Reason}")]
    private partial void LogDropped(string kind, Guid tradeId, RefusalReason reason);
}
