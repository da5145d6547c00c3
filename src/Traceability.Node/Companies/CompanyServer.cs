using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain.Companies;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Companies;

/// <summary>What the company has settled for all it does.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class CompanyServer(HostedOperators operators) : Wire.CompanyService.CompanyServiceBase
{
    public override async Task<Wire.GetCompanyResponse> GetCompany(
        Wire.GetCompanyRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        return new() { Settings = ToWire(op.OperatorId, await ReadAsync(op, context.CancellationToken)) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.ChooseTimeZoneResponse> ChooseTimeZone(
        Wire.ChooseTimeZoneRequest request, ServerCallContext context)
    {
        var input = new Input();
        if (Calendar.Find(request.TimeZone) is null)
        {
            input.Violate(
                "time_zone", request.TimeZone,
                "must be the name of a zone in the IANA time zone database, such as Asia/Tokyo or Europe/Berlin, or "
                    + "UTC.");
        }

        var act = new ChooseTimeZone(request.TimeZone, input.Etag("etag", request.Etag));
        input.ThrowIfInvalid();
        var op = operators.Of(context);
        await op.DoAsync(act, context);
        return new() { Settings = ToWire(op.OperatorId, await ReadAsync(op, context.CancellationToken)) };
    }

    public override async Task<Wire.ListTimeZonesResponse> ListTimeZones(
        Wire.ListTimeZonesRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        input.ThrowIfInvalid();
        var zones = (await ReadAsync(op, context.CancellationToken))?.TimeZones ?? [];
        Wire.CompanyTimeZone[] page =
        [
            .. zones.Reverse().Skip(skip).Take(size).Select(one => new Wire.CompanyTimeZone
            {
                TimeZone = one.TimeZone,
                ChooseTime = one.ChosenAt.ToTimestamp(),
            }),
        ];
        return new() { TimeZones = { page }, NextPageToken = page.Length < size ? "" : $"{skip + size}" };
    }

    private static async Task<Company?> ReadAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        await using var session = op.Query();
        return await session.LoadAsync<Company>(StreamNames.Company(op.OperatorId), cancellationToken);
    }

    private static Wire.CompanySettings ToWire(OperatorId operatorId, Company? company) => new()
    {
        OperatorId = $"{operatorId}",
        TimeZone = company?.TimeZones[^1].TimeZone ?? Calendar.Utc,
        TimeZoneChooseTime = company?.TimeZones[^1].ChosenAt.ToTimestamp(),
        Etag = company is null ? "" : $"{company.StreamVersion}",
    };
}
