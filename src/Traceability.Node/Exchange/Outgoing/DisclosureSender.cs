using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Marten;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Evidence;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Node.Releases;
using Traceability.Node.Statements;
using Traceability.Proofs;
using DisclosureNotice = Traceability.Node.Statements.DisclosureNotice;
using Release = Traceability.Domain.Releases.Release;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>
/// Shows a customer what is released to it, as it stands now: of several changes in a row the last one is enough.
/// </summary>
internal sealed class DisclosureSender(NodeSettings node, TimeProvider clock)
{
    /// <returns>What the broker took; null if there is nothing to be shown.</returns>
    /// <exception cref="RefusedException">It may not be shown any more.</exception>
    public async Task<(StatementDelivered Delivered, SentNumber Number)?> SendAsync(
        HostedOperator op, TradeId tradeId, CancellationToken cancellationToken)
    {
        await using var session = op.Query();
        var now = clock.GetUtcNow();
        var batch = session.CreateBatchQuery();
        var (reading, releasing) = (
            batch.Load<Trade>(StreamNames.Trade(tradeId)), batch.Load<Release>(StreamNames.Release(tradeId)));
        await batch.Execute(cancellationToken);
        var (trade, release) = (await reading, await releasing);
        var fields = DisclosurePolicy.Decide(
            new DisclosureCase(op.OperatorId, tradeId, release?.Purpose ?? "", trade, release, true, true), now);
        var part = trade!.SuppliersPart();
        var (footprint, statement, certificates) = await ReadAsync(session, op.Keys, part, cancellationToken);
        if (footprint?.Figures is null)
        {
            return null;
        }

        await ReviewAsync(op, trade, fields, release!, now, cancellationToken);
        if (statement is not { Withdrawn: false })
        {
            // Queued by a version that signed only here.
            statement = await op.DoAsync(new IssueStatement(part), DisclosureNotice.Kind, cancellationToken);
        }

        var released = fields.Contains(FootprintField.Certificate) ? certificates : [];
        Certificate[] shown = [.. released.Where(one => IsAbout(one, footprint, now))];
        var messageId = MessageIdOf(tradeId, statement, release!, shown, released.Where(HasEnded));
        var number = await op.Numbers.NextAsync(tradeId, messageId, release!.Revision, cancellationToken);
        await op.Broker.Exchange.SubmitDisclosureAsync(
            new SubmitDisclosureRequest
            {
                MessageId = messageId.ToString(),
                TradeId = tradeId.ToString(),
                Purpose = release.Purpose,
                SealedStatement = JsonWebEncryption.Seal(
                    await op.SealingKeyAsync(trade.BuyerId, cancellationToken),
                    SealedTypes.Disclosure,
                    Content(statement, fields, shown),
                    op.HeaderOf(tradeId, number).ToJson()),
            },
            await op.Broker.CallAsync(cancellationToken));
        var delivered = new StatementDelivered(
            statement.PartRef, tradeId, statement.FootprintVersion, messageId, now, footprint.TraceId,
            trade.BuyerId, fields);
        return (delivered, number);
    }

    private async Task ReviewAsync(
        HostedOperator op, Trade trade, IReadOnlyList<FootprintField> fields, Release release, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        if (node.Inference == InferenceMode.Warn)
        {
            return;
        }

        await using var snapshot = await op.Database.SnapshotAsync(cancellationToken);
        var findings = await InferenceReview.FindingsAsync(
            snapshot.Session, snapshot.Connection, trade, fields, now, cancellationToken);
        InferenceRule.Check(node.Inference, findings, release.AcceptedFindings);
    }

    private static async Task<(Footprint?, Statement?, IReadOnlyList<Certificate>)> ReadAsync(
        IQuerySession session, OperatorKeys keys, TraceId part, CancellationToken cancellationToken)
    {
        var batch = session.CreateBatchQuery();
        var footprint = batch.Load<Footprint>(StreamNames.Footprint(part));
        var statement = batch.Load<Statement>(StreamNames.Statement(keys.PartRef(part)));
        var certificates = batch.Query<Certificate>().Where(one => one.TraceId == part).OrderBy(one => one.Id).ToList();
        await batch.Execute(cancellationToken);
        return (await footprint, await statement, await certificates);
    }

    /// <summary>Those about the figures that stand, not about earlier ones.</summary>
    private static bool IsAbout(Certificate certificate, Footprint footprint, DateTimeOffset now) =>
        certificate.Document is not null
        && certificate.At(now, footprint) is CertificateStanding.InForce or CertificateStanding.NotYetValid;

    private static bool HasEnded(Certificate certificate) =>
        certificate.WithdrawnAt is not null || certificate.ExpiredAt is not null;

    /// <summary>The released fields, opened; and what goes with them.</summary>
    private static byte[] Content(
        Statement statement, IReadOnlyList<FootprintField> fields, Certificate[] certificates)
    {
        var opened = StatementForm.FieldNames(fields)
            .Where(statement.Disclosures.ContainsKey).Select(name => statement.Disclosures[name]);
        var presentation = SelectiveStatement.Present(statement.Signature, opened);
        return certificates.Length == 0
            ? JsonSerializer.SerializeToUtf8Bytes(presentation)
            : JsonSerializer.SerializeToUtf8Bytes(
                certificates.Select(one => one.Document!).Prepend(presentation).ToArray());
    }

    /// <summary>
    /// The same disclosure has the same id after a crash, too. The one without a certificate that has ended is another
    /// than the one before there was any.
    /// </summary>
    private static MessageId MessageIdOf(
        TradeId tradeId, Statement statement, Release release, IEnumerable<Certificate> certificates,
        IEnumerable<Certificate> ended)
    {
        var name = string.Join(
            "/",
            [
                tradeId, statement.FootprintVersion, JsonWebSignature.KeyId(statement.Signature), release.Revision,
                .. certificates.Select(one => $"{one.CertificateId}/{JsonWebSignature.KeyId(one.Document!)}"),
                .. ended.Select(one => $"{one.CertificateId}/ended"),
            ]);
        return new(new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16), bigEndian: true));
    }
}
