using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Marten;
using Traceability.Broker.Keys;
using Traceability.Hosting;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using KeyUse = Traceability.Domain.Operators.KeyUse;
using Operator = Traceability.Domain.Operators.Operator;
using Wire = Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Directory;

/// <summary>Members and their keys.</summary>
[AllowRoles(Roles.Node, Roles.Administrator)]
internal sealed partial class DirectoryServer(BrokerDatabase broker, RevokedCertificates revoked, KeyLog log)
    : Wire.DirectoryService.DirectoryServiceBase
{
    private const int MaxName = 200;
    private const int MaxJwk = 1000;
    private const int MaxKeyId = 100;

    /// <summary>Clocks of companies differ by seconds, not by minutes.</summary>
    private static readonly TimeSpan MaxFuture = TimeSpan.FromSeconds(30);

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.EnrolOperatorResponse> EnrolOperator(
        Wire.EnrolOperatorRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new EnrolOperator(
            input.Id<OperatorId>("operator_id", request.OperatorId), input.Writing("name", request.Name, 1, MaxName),
            request.Fingerprint.Length == 0 ? "" : Thumbprint(input, request.Fingerprint));
        input.ThrowIfInvalid();
        return new() { Operator = ToWire((await broker.DoAsync(act, context)).State) };
    }

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.AllowKeyRecoveryResponse> AllowKeyRecovery(
        Wire.AllowKeyRecoveryRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new AllowKeyRecovery(
            input.Id<OperatorId>("operator_id", request.OperatorId), Thumbprint(input, request.Fingerprint));
        input.ThrowIfInvalid();
        return new() { Operator = ToWire((await broker.DoAsync(act, context)).State) };
    }

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.RenameOperatorResponse> RenameOperator(
        Wire.RenameOperatorRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new RenameOperator(
            input.Id<OperatorId>("operator_id", request.OperatorId), input.Writing("name", request.Name, 1, MaxName));
        input.ThrowIfInvalid();
        return new() { Operator = ToWire((await broker.DoAsync(act, context)).State) };
    }

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.SuspendOperatorResponse> SuspendOperator(
        Wire.SuspendOperatorRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new SuspendOperator(input.Id<OperatorId>("operator_id", request.OperatorId));
        input.ThrowIfInvalid();
        return new() { Operator = ToWire((await broker.DoAsync(act, context)).State) };
    }

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.ReinstateOperatorResponse> ReinstateOperator(
        Wire.ReinstateOperatorRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new ReinstateOperator(input.Id<OperatorId>("operator_id", request.OperatorId));
        input.ThrowIfInvalid();
        return new() { Operator = ToWire((await broker.DoAsync(act, context)).State) };
    }

    [AllowRoles(Roles.Node)]
    public override async Task<Wire.PublishKeyResponse> PublishKey(
        Wire.PublishKeyRequest request, ServerCallContext context)
    {
        var input = new Input();
        var use = input.Enum<Wire.KeyUse, KeyUse>("use", request.Use);
        var jwk = input.Text("jwk", request.Jwk, 1, MaxJwk);
        var act = new PublishKey(
            context.Caller().OperatorId, KeyIdOf(input, use, jwk), use, jwk, ReadEntry(input, request.Entry), log);
        input.ThrowIfInvalid();
        var member = (await broker.DoAsync(act, context)).State;
        log.Tell();
        return new() { Operator = ToWire(member) };
    }

    [AllowRoles(Roles.Node)]
    public override async Task<Wire.RevokeKeyResponse> RevokeKey(
        Wire.RevokeKeyRequest request, ServerCallContext context)
    {
        var input = new Input();
        var keyId = input.Text("key_id", request.KeyId, 1, MaxKeyId);
        var from = input.OptionalTime("revoke_time", request.RevokeTime) ?? broker.Now;
        if (from > broker.Now + MaxFuture)
        {
            input.Violate("revoke_time", from, "must not be in the future.");
        }

        var act = new RevokeKey(
            context.Caller().OperatorId, keyId, from, ReadEntry(input, request.Entry), log);
        input.ThrowIfInvalid();
        var member = (await broker.DoAsync(act, context)).State;
        log.Tell();
        return new() { Operator = ToWire(member) };
    }

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.RevokeClientCertificateResponse> RevokeClientCertificate(
        Wire.RevokeClientCertificateRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id<OperatorId>("operator_id", request.OperatorId);
        var fingerprint = request.Fingerprint;
        if (!Fingerprint().IsMatch(fingerprint))
        {
            input.Violate(
                "fingerprint", fingerprint, "must be the SHA-256 of the certificate in base64url: 43 characters.");
        }

        input.ThrowIfInvalid();
        var member = (await broker.DoAsync(new RevokeClientCertificate(id, fingerprint), context)).State;
        revoked.Add([fingerprint]);
        return new() { Operator = ToWire(member) };
    }

    public override Task<Wire.ListRevokedClientCertificatesResponse> ListRevokedClientCertificates(
        Wire.ListRevokedClientCertificatesRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        string[] page = [.. revoked.All.Where(one => string.CompareOrdinal(one, token) > 0).Take(size)];
        return Task.FromResult(new Wire.ListRevokedClientCertificatesResponse
        {
            Fingerprints = { page },
            NextPageToken = page.Length < size ? "" : page[^1],
        });
    }

    public override async Task<Wire.GetOperatorResponse> GetOperator(
        Wire.GetOperatorRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id<OperatorId>("operator_id", request.OperatorId);
        input.ThrowIfInvalid();
        await using var session = broker.Query();
        var member = await session.LoadAsync<Operator>(StreamNames.Operator(id), context.CancellationToken);
        var wire = ToWire(Members.Known(member, id));
        await using var connection = await broker.Source.OpenConnectionAsync(context.CancellationToken);
        wire.KeyEntries.AddRange((await KeyLog.EntriesAsync(connection, id, context.CancellationToken)).Select(
            entry => new Wire.KeyEntry
            {
                Entry = ByteString.CopyFrom(entry.Entry),
                Possession = ByteString.CopyFrom(entry.Possession),
                Continuity = ByteString.CopyFrom(entry.Continuity),
            }));
        return new() { Operator = wire };
    }

    public override async Task<Wire.ListOperatorsResponse> ListOperators(
        Wire.ListOperatorsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        await using var session = broker.Query();
        var page = await session.Query<Operator>().Where(member => member.Id.CompareTo(token) > 0)
            .OrderBy(member => member.Id).Take(size).ToListAsync(context.CancellationToken);
        var response = new Wire.ListOperatorsResponse { NextPageToken = page.Count < size ? "" : page[^1].Id };
        foreach (var member in page)
        {
            var wire = ToWire(member);
            wire.Keys.Clear();
            wire.FormerNames.Clear();
            response.Operators.Add(wire);
        }

        return response;
    }

    /// <summary>As an entry is at most; whether it says what it should is judged in the act.</summary>
    private static SignedKeyEntry? ReadEntry(Input input, Wire.KeyEntry? entry)
    {
        if (entry is null)
        {
            return null;
        }

        if (entry.CalculateSize() > SignedKeyEntry.MaxBytes)
        {
            input.Violate("entry", entry.CalculateSize(), $"must be at most {SignedKeyEntry.MaxBytes} bytes.");
        }

        return new(entry.Entry.ToByteArray(), entry.Possession.ToByteArray(), entry.Continuity.ToByteArray());
    }

    private static string Thumbprint(Input input, string fingerprint)
    {
        if (!Fingerprint().IsMatch(fingerprint))
        {
            input.Violate(
                "fingerprint", fingerprint, "must be the RFC 7638 thumbprint of a signing key: 43 characters.");
        }

        return fingerprint;
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{43}\\z")]
    private static partial Regex Fingerprint();

    private static string KeyIdOf(Input input, KeyUse use, string jwk)
    {
        var log = use == KeyUse.Log;
        try
        {
            return log ? OctetKey.KeyId(OctetKey.FromJwk(jwk)) : PublicKey.FromJwk(jwk).KeyId;
        }
        catch (ProofException exception)
        {
            var right = log ? "Ed25519 key (RFC 8037)" : "EC key on P-256";
            input.Violate("jwk", jwk, $"must be a public {right} as JSON Web Key (RFC 7517); {exception.Message}");
            return "";
        }
    }

    private static Wire.Operator ToWire(Operator member) => new()
    {
        OperatorId = member.OperatorId.ToString(),
        Name = member.Name,
        Status = member.Active ? Wire.OperatorStatus.Active : Wire.OperatorStatus.Suspended,
        EnrolTime = member.EnrolledAt.ToTimestamp(),
        ComparedFingerprint = member.ComparedFingerprint ?? "",
        FormerNames =
        {
            member.FormerNames.Select(one => new Wire.FormerName
            {
                Name = one.Name,
                UntilTime = one.Until.ToTimestamp(),
            }),
        },
        Keys =
        {
            member.Keys.Select(key => new Wire.OperatorKey
            {
                KeyId = key.KeyId,
                Use = (Wire.KeyUse)key.Use,
                Jwk = key.Jwk,
                ValidFromTime = key.ValidFrom.ToTimestamp(),
                ValidUntilTime = key.ValidUntil?.ToTimestamp(),
                Revoked = key.Revoked,
            }),
        },
    };
}
