using System.Text;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain.Products;
using Traceability.Exports;
using Traceability.Exports.Facts;
using Traceability.Exports.Rules;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Exports;

/// <summary>What regulators and customers take.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class ExportServer(HostedOperators operators, TimeProvider clock)
    : Wire.ExportService.ExportServiceBase
{
    private const int MaxFacts = 100;
    private const int MaxName = 100;

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.DeclareProductFactsResponse> DeclareProductFacts(
        Wire.DeclareProductFactsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new DeclareProductFacts(input.Id<TraceId>("trace_id", request.TraceId), request.Facts);
        CheckFacts(input, request.Facts);
        input.ThrowIfInvalid();
        var facts = await operators.Of(context).DoAsync(act, context);
        return new() { Facts = { Of(facts.State) } };
    }

    public override async Task<Wire.GetProductFactsResponse> GetProductFacts(
        Wire.GetProductFactsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var traceId = input.Id<TraceId>("trace_id", request.TraceId);
        input.ThrowIfInvalid();
        await op.PartAsync(traceId, context.CancellationToken);
        await using var session = op.Query();
        var known = await session.LoadAsync<ProductFacts>(
            StreamNames.ProductFacts(traceId), context.CancellationToken);
        return new() { Facts = { Of(known) } };
    }

    public override async Task<Wire.ReviewExportResponse> ReviewExport(
        Wire.ReviewExportRequest request, ServerCallContext context)
    {
        var (_, reviews) = await ReviewAsync(
            request.TraceId, request.Export, request.RulesVersion, request.AsOfTime, context);
        return new()
        {
            Fields = { reviews.SelectMany(review => review.Fields).Select(ToWire) },
            Final = reviews.All(review => review.Final),
        };
    }

    public override async Task ExportPart(
        Wire.ExportPartRequest request,
        IServerStreamWriter<Wire.ExportPartResponse> responseStream,
        ServerCallContext context)
    {
        var (format, reviews) = await ReviewAsync(
            request.TraceId, request.Export, request.RulesVersion, request.AsOfTime, context);
        if (!request.Draft && reviews.Any(review => !review.Final))
        {
            throw Incomplete(format, reviews);
        }

        foreach (var (part, review) in format.Parts.Zip(reviews))
        {
            var name = $"{format.Name}.{part.Extension}";
            var bytes = part.Render(review);
            var signature = review.Final ? await IssueAsync(format, part, review, bytes, context) : null;
            await SendAsync(responseStream, name, bytes, context);
            await SendAsync(
                responseStream,
                $"{name}.{ExportProvenance.Extension}",
                ExportProvenance.Of(name, bytes, review).ToJson(),
                context);
            if (signature is not null)
            {
                await SendAsync(
                    responseStream,
                    $"{format.Name}.{ExportSignature.Extension}",
                    Encoding.UTF8.GetBytes(signature),
                    context);
            }
        }
    }

    /// <summary>
    /// What leaves the company stands in its history before it does; what is signed is signed once, and told here.
    /// </summary>
    private async Task<string?> IssueAsync(
        ExportFormat format, ExportPart part, ExportReview review, byte[] bytes, ServerCallContext context)
    {
        var op = operators.Of(context);
        var act = new IssueExport(
            review.Input.TraceId, format.Name, review.Table.Version, review.Input.Version,
            ExportProvenance.Hash(bytes),
            review.Document,
            format.SignedFile == part.Extension ? () => ExportSignature.Sign(op.Keys.Signing, bytes) : null);
        return (await op.DoAsync(act, context)).State.Signature;
    }

    private static Task SendAsync(
        IServerStreamWriter<Wire.ExportPartResponse> responseStream, string name, byte[] content,
        ServerCallContext context) =>
        responseStream.SendAsync(new() { Name = name, Content = ByteString.CopyFrom(content) }, context);

    /// <summary>One review per file of the export.</summary>
    private async Task<(ExportFormat Format, IReadOnlyList<ExportReview> Reviews)> ReviewAsync(
        string part, string export, string version, Timestamp? asOfTime, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var traceId = input.Id<TraceId>("trace_id", part);
        var asOf = input.OptionalTime("as_of_time", asOfTime) ?? clock.GetUtcNow();
        var format = Format(input, export, version);
        input.ThrowIfInvalid();
        var facts = await ExportInputReader.ReadAsync(op, traceId, format!.Name, asOf, context.CancellationToken);
        var day = DateOnly.FromDateTime(asOf.UtcDateTime);
        return (
            format,
            [.. format.Parts.Select(one => ExportReview.Of(ExportFormats.TableOf(one, version, day), facts))]);
    }

    private static ExportFormat? Format(Input input, string name, string version)
    {
        input.OneOf("export", name, [.. ExportFormats.All.Select(format => format.Name)]);
        var format = ExportFormats.Find(name);
        if (format is not null && version.Length > 0)
        {
            var known = format.Parts.SelectMany(part => ExportFormats.Versions(part.Table)).Select(one => one.Version);
            input.OneOf("rules_version", version, [.. known.Distinct()]);
        }

        return format;
    }

    private static Dictionary<string, string> Of(ProductFacts? known) =>
        known?.Facts.ToDictionary(fact => fact.Key, fact => fact.Value) ?? [];

    private static void CheckFacts(Input input, MapField<string, string> facts)
    {
        if (facts.Count is 0 or > MaxFacts)
        {
            input.Violate("facts", facts.Count, $"must be 1 to {MaxFacts}.");
        }

        foreach (var (name, value) in facts.OrderBy(fact => fact.Key, StringComparer.Ordinal))
        {
            if (FactTable.Find(name) is not { } rule)
            {
                input.Violate(
                    $"facts.{(name.Length <= MaxName ? name : name[..MaxName])}", value,
                    "is no known fact; the review of an export (trace export review) names those that it needs.");
            }
            else if (value.Length > 0 && rule.Problem(value) is { } problem)
            {
                input.Violate($"facts.{name}", value, $"{problem} It means {rule.Means}.");
            }
        }
    }

    /// <summary>Everything that stands in the way at once, and who can help.</summary>
    private static RefusedException Incomplete(ExportFormat format, IReadOnlyList<ExportReview> reviews)
    {
        string[] problems = [.. reviews.SelectMany(review => review.Problems).Select(one => $"  {one}").Distinct()];
        return new(
            RefusalReason.ExportIncomplete,
            string.Join(
                '\n',
                [$"There is no final {format.Name} yet:", .. problems, "Ask for a draft to see the rest."]),
            ("missing", $"{problems.Length}"));
    }

    private static Wire.ExportField ToWire(ReviewedField field) => new()
    {
        Path = field.Rule.Path,
        Label = field.Rule.Label,
        State = (Wire.ExportFieldState)field.State,
        Value = field.Value?.ToString() ?? "",
        Unit = field.Rule.Unit ?? "",
        Problem = field.Problem ?? "",
        Fact = field.Fact ?? "",
        Who = field.Who ?? "",
    };
}
