using System.Text.Json;
using System.Text.Json.Nodes;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Footprints;
using Traceability.Evidence;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;
using Traceability.Proofs;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>
/// A supplier shows its total. Its signatures are judged by the sender's keys, as the key log proves them.
/// </summary>
internal static class DisclosureMessage
{
    public static async Task<Reaction> ReadAsync(
        HostedOperator op, MailboxMessage message, CancellationToken cancellationToken)
    {
        var (trade, sender) = (message.Trade(), message.Sender());
        var sealedStatement = message.Disclosure.SealedStatement;
        var (disclosure, header, failure) = await OpenAsync(op, message, cancellationToken);
        if (failure == ProofFailure.UnknownKey)
        {
            // It may be newer than what is known here of keys.
            await op.KeyLog.CatchUpAsync(op.Broker, long.MaxValue, cancellationToken);
            (disclosure, header, failure) = await OpenAsync(op, message, cancellationToken);
        }

        var arrival = failure is null ? await Arrival.ReadAsync(op, trade, header, cancellationToken) : null;
        var act = new ReceiveTotal(
            trade, sender, disclosure, arrival is { Repeated: true } ? ProofFailure.Repeated : failure,
            sealedStatement);
        return async (session, token) =>
        {
            await act.HandleAsync(session, token);
            if (arrival is not null)
            {
                await arrival.StoreAsync(session, token);
            }
        };
    }

    private static async Task<(OpenedDisclosure?, SealedHeader?, ProofFailure?)> OpenAsync(
        HostedOperator op, MailboxMessage message, CancellationToken cancellationToken)
    {
        try
        {
            var sealedStatement = message.Disclosure.SealedStatement;
            var (presentation, documents) = Content(Envelope.Open(op, SealedTypes.Disclosure, sealedStatement));
            var header = await Envelope.ReadHeaderAsync(op, message, sealedStatement, cancellationToken);
            var keys = await SenderKeys.RingAsync(op, message.Sender(), cancellationToken);
            var statement = StatementForm.Read(presentation, keys);
            ReceivedCertificate[] certificates =
            [
                .. documents.Select(document => new ReceivedCertificate(
                    CertificateForm.Read(document, statement, keys).Certificate, document)),
            ];
            return (new(statement, presentation, certificates), header, null);
        }
        catch (ProofException exception)
        {
            return (null, null, exception.Failure);
        }
    }

    /// <summary>A statement, or a list of a statement and the certificates that go with it.</summary>
    private static (string Presentation, string[] Certificates) Content(byte[] opened)
    {
        try
        {
            return JsonNode.Parse(opened) switch
            {
                JsonArray { Count: > 0 } array => (Text(array[0]), [.. array.Skip(1).Select(Text)]),
                var one => (Text(one), []),
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ProofException(ProofFailure.Malformed, "What was sealed is no statement.");
        }

        static string Text(JsonNode? node) => node?.GetValue<string>() ?? throw new JsonException();
    }
}
