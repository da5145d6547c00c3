using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Partners;

/// <summary>Whom the company knows in the federation: the broker decides, and is asked in the company's name.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class PartnerServer(HostedOperators operators) : Wire.PartnerService.PartnerServiceBase
{
    private const int MaxNumber = 50;
    private const int MaxCode = 50;

    public override async Task<Wire.ListPartnersResponse> ListPartners(
        Wire.ListPartnersRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        var answer = await AskAsync(
            context,
            (broker, call) => broker.ListOperatorsAsync(new() { PageSize = size, PageToken = token }, call));
        return new() { Partners = { answer.Operators.Select(ToWire) }, NextPageToken = answer.NextPageToken };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.FindPartnerResponse> FindPartner(
        Wire.FindPartnerRequest request, ServerCallContext context)
    {
        var input = new Input();
        var number = input.Text("business_number", request.BusinessNumber, 1, MaxNumber);
        input.ThrowIfInvalid();
        var answer = await AskAsync(
            context, (broker, call) => broker.FindOperatorAsync(new() { BusinessNumber = number }, call));
        return new() { Partner = ToWire(answer.Operator) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.InvitePartnerResponse> InvitePartner(
        Wire.InvitePartnerRequest request, ServerCallContext context)
    {
        var answer = await AskAsync(context, (broker, call) => broker.InvitePartnerAsync(new(), call));
        return new() { Code = answer.Code, ValidUntilTime = answer.ValidUntilTime };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.AcceptInvitationResponse> AcceptInvitation(
        Wire.AcceptInvitationRequest request, ServerCallContext context)
    {
        var input = new Input();
        if (request.Code.Length is 0 or > MaxCode)
        {
            // A code is a secret, and not repeated.
            input.Violate("code", "", "must be 20 letters and digits, as the partner has given them.");
        }

        input.ThrowIfInvalid();
        var answer = await AskAsync(
            context, (broker, call) => broker.AcceptInvitationAsync(new() { Code = request.Code }, call));
        return new() { Partner = ToWire(answer.Operator) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.ChangeListingResponse> ChangeListing(
        Wire.ChangeListingRequest request, ServerCallContext context)
    {
        var asked = new ChangeListingRequest();
        if (request.HasListed)
        {
            asked.Listed = request.Listed;
        }

        var answer = await AskAsync(context, (broker, call) => broker.ChangeListingAsync(asked, call));
        return new() { Partner = ToWire(answer.Operator) };
    }

    /// <summary>What the broker refuses, the caller is told as the broker said it.</summary>
    private async Task<T> AskAsync<T>(
        ServerCallContext context,
        Func<DirectoryService.DirectoryServiceClient, CallOptions, AsyncUnaryCall<T>> ask)
    {
        var broker = operators.Of(context).Broker;
        try
        {
            return await ask(broker.Directory, await broker.CallAsync(context.CancellationToken));
        }
        catch (Exception exception) when (BrokerSilence.Is(exception))
        {
            throw BrokerSilence.Refusal();
        }
    }

    private static Wire.Partner ToWire(Operator member) => new()
    {
        OperatorId = member.OperatorId,
        Name = member.Name,
        Listed = member.Listed,
        Active = member.Status == OperatorStatus.Active,
    };
}
