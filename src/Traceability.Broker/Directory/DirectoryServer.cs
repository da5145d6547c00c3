using System.Text.RegularExpressions;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Marten;
using Traceability.Broker.Keys;
using Traceability.Hosting;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using BusinessNumber = Traceability.Domain.Operators.BusinessNumber;
using KeyUse = Traceability.Domain.Operators.KeyUse;
using NumberedOperator = Traceability.Domain.Operators.NumberedOperator;
using Operator = Traceability.Domain.Operators.Operator;
using Wire = Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Directory;

/// <summary>Members and their keys.</summary>
[AllowRoles(Roles.Node, Roles.Administrator)]
internal sealed partial class DirectoryServer(
    BrokerDatabase broker, RevokedCertificates revoked, KeyLog log, FailedSearches searches)
    : Wire.DirectoryService.DirectoryServiceBase
{
    private const int MaxName = 200;
    private const int MaxJwk = 1000;
    private const int MaxKeyId = 100;
    private const int MaxNumber = 50;
    private const int MaxNumbers = 5;

    /// <summary>Clocks of companies differ by seconds, not by minutes.</summary>
    private static readonly TimeSpan MaxFuture = TimeSpan.FromSeconds(30);

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.EnrolOperatorResponse> EnrolOperator(
        Wire.EnrolOperatorRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new EnrolOperator(
            input.Id<OperatorId>("operator_id", request.OperatorId), input.Writing("name", request.Name, 1, MaxName),
            request.Fingerprint.Length == 0 ? "" : Thumbprint(input, request.Fingerprint), request.Listed,
            ReadNumbers(input, request.BusinessNumbers));
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
        var wire = ToWire(await Visible.MemberAsync(session, context.Caller(), id, context.CancellationToken));
        var numbers = await session.Query<NumberedOperator>().Where(one => one.OperatorId == id)
            .OrderBy(one => one.Id).ToListAsync(context.CancellationToken);
        wire.BusinessNumbers.AddRange(numbers.Select(one => one.Number));
        await using var connection = await broker.Source.OpenConnectionAsync(context.CancellationToken);
        wire.KeyEntries.AddRange(await KeyLog.WireEntriesAsync(connection, id, context.CancellationToken));
        return new() { Operator = wire };
    }

    public override async Task<Wire.ListOperatorsResponse> ListOperators(
        Wire.ListOperatorsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        await using var session = broker.Query();
        var page = await (await Visible.ToAsync(session, context.Caller(), context.CancellationToken))
            .Where(member => member.Id.CompareTo(token) > 0)
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

    [AllowRoles(Roles.Node)]
    public override async Task<Wire.ChangeListingResponse> ChangeListing(
        Wire.ChangeListingRequest request, ServerCallContext context)
    {
        var input = new Input();
        if (!request.HasListed)
        {
            input.Violate("listed", "", "must be given: true to be seen by all members, false by those that know you.");
        }

        input.ThrowIfInvalid();
        var act = new ChangeListing(context.Caller().OperatorId, request.Listed);
        return new() { Operator = ToWire((await broker.DoAsync(act, context)).State) };
    }

    [AllowRoles(Roles.Node)]
    public override async Task<Wire.FindOperatorResponse> FindOperator(
        Wire.FindOperatorRequest request, ServerCallContext context)
    {
        var input = new Input();
        var number = ReadNumber(input, "business_number", request.BusinessNumber);
        input.ThrowIfInvalid();
        var caller = context.Caller().OperatorId;
        searches.MustBeFew(caller);
        if (await broker.DoAsync(new FindOperator(number!), context) is { } found)
        {
            return new() { Operator = ToWire(found) };
        }

        searches.Add(caller);
        throw RefusedException.NotDisclosed("Operator", "business_number", $"{number}");
    }

    [AllowRoles(Roles.Node)]
    public override async Task<Wire.InvitePartnerResponse> InvitePartner(
        Wire.InvitePartnerRequest request, ServerCallContext context)
    {
        var code = InvitationCode.New();
        var invitation = (await broker.DoAsync(new InvitePartner(InvitationCode.Hash(code)), context)).State;
        return new() { Code = code, ValidUntilTime = invitation.ValidUntil.ToTimestamp() };
    }

    [AllowRoles(Roles.Node)]
    public override async Task<Wire.AcceptInvitationResponse> AcceptInvitation(
        Wire.AcceptInvitationRequest request, ServerCallContext context)
    {
        var input = new Input();
        if (!InvitationCode.HasForm(request.Code))
        {
            // A code is a secret, and not repeated.
            input.Violate("code", "", "must be 20 letters and digits, as the partner has given them.");
        }

        input.ThrowIfInvalid();
        var inviter = await broker.DoAsync(new AcceptInvitation(InvitationCode.Hash(request.Code)), context);
        return new() { Operator = ToWire(inviter) };
    }

    private static BusinessNumber[] ReadNumbers(Input input, RepeatedField<string> numbers)
    {
        if (numbers.Count > MaxNumbers)
        {
            input.Violate("business_numbers", numbers.Count, $"must be at most {MaxNumbers}.");
        }

        return
        [
            .. numbers.Index().Select(one => ReadNumber(input, $"business_numbers[{one.Index}]", one.Item))
                .OfType<BusinessNumber>().Distinct(),
        ];
    }

    private static BusinessNumber? ReadNumber(Input input, string field, string text)
    {
        var number = BusinessNumber.Find(input.Text(field, text, 1, MaxNumber));
        if (number is null && text.Length is > 0 and <= MaxNumber)
        {
            input.Violate(field, text, BusinessNumber.Rule);
        }

        return number;
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
        Listed = member.IsListed,
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
