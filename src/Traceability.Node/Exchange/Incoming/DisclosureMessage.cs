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
/// A supplier shows its total. Its signatures are judged by the keys that the directory has of the sender.
/// </summary>
internal static class DisclosureMessage
{
    public static async Task<Reaction> ReadAsync(
        HostedOperator op, MailboxMessage message, CancellationToken cancellationToken)
    {
        var sender = message.Sender();
        var sealedStatement = message.Disclosure.SealedStatement;
        // The sender's keys are asked for while the statement is opened.
        var asking = op.Broker.OperatorAsync(sender, cancellationToken);
        var (disclosure, failure) = Open(op, sealedStatement, new(Keys(sender, (await asking).Keys)));
        return new ReceiveTotal(message.Trade(), sender, disclosure, failure, sealedStatement).HandleAsync;
    }

    private static (OpenedDisclosure?, ProofFailure?) Open(HostedOperator op, string sealedStatement, KeyRing keys)
    {
        try
        {
            var (presentation, documents) = Content(Envelope.Open(op, SealedTypes.Disclosure, sealedStatement));
            var statement = StatementForm.Read(presentation, keys);
            ReceivedCertificate[] certificates =
            [
                .. documents.Select(document => new ReceivedCertificate(
                    CertificateForm.Read(document, statement, keys).Certificate, document)),
            ];
            return (new(statement, presentation, certificates), null);
        }
        catch (ProofException exception)
        {
            return (null, exception.Failure);
        }
    }

    private static IEnumerable<SigningKey> Keys(OperatorId sender, IEnumerable<OperatorKey> keys) =>
        keys.Where(key => key.Use == KeyUse.Signing).Select(key => new SigningKey(
            sender, key.KeyId, key.Jwk, key.ValidFromTime.ToDateTimeOffset(), key.ValidUntilTime?.ToDateTimeOffset()));

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
