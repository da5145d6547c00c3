using Google.Protobuf.WellKnownTypes;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Local.Demo;

namespace Traceability.IntegrationTests.Harness;

/// <summary>A total that has arrived: the supplier's part, the customer's, and the trade between them.</summary>
internal sealed record Delivery(string Made, string Bought, string Trade);

internal static class Trading
{
    /// <summary>Both register a part, the supplier declares and releases, and the total arrives.</summary>
    public static async Task<Delivery> DeliverAsync(
        this CompanyAtWork supplier, CompanyAtWork buyer, string kilograms, CancellationToken cancellationToken)
    {
        var (made, bought) = (
            await supplier.RegisterAsync("made", PartKind.Made), await buyer.RegisterAsync("bought", PartKind.Bought));
        await supplier.DeclareAsync(made, kilograms);
        var trade = await buyer.RequestAsync(supplier.Company, bought, "");
        await supplier.AnswerAsync(trade, made, cancellationToken);
        await buyer.WaitForTotalAsync(bought, kilograms, cancellationToken);
        return new(made, bought, trade);
    }

    /// <summary>Puts a certificate about all of a part's footprint on record, in force today.</summary>
    public static async Task CertifyAsync(this CompanyAtWork company, string traceId, string kilograms)
    {
        var now = TimeProvider.System.GetUtcNow();
        var certificate = new Certificate
        {
            CertificateId = $"{Guid.CreateVersion7()}",
            TraceId = traceId,
            Verifier = "Verifier",
            Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = kilograms } },
            Validity = new()
            {
                StartTime = now.AddDays(-1).ToTimestamp(),
                EndTime = now.AddDays(1).ToTimestamp(),
            },
        };
        await company.Footprints.RecordCertificateAsync(new() { Certificate = certificate }, company.Call);
    }

    public static async Task ReleaseAsync(this CompanyAtWork company, string trade, params FootprintField[] fields) =>
        await company.Releases.GrantReleaseAsync(
            new() { TradeId = trade, Purpose = "product_footprint", Fields = { fields } }, company.Call);
}
