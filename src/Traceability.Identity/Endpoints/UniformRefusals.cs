using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Traceability.Identity.Endpoints;

/// <summary>
/// An unknown client, a retired one and a wrong secret are one answer: nobody learns which clients there are.
/// </summary>
internal sealed class UniformRefusals
    : IOpenIddictServerHandler<ApplyTokenResponseContext>, IOpenIddictServerHandler<ApplyRevocationResponseContext>
{
    public static OpenIddictServerHandlerDescriptor OfTokens { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<ApplyTokenResponseContext>()
            .UseSingletonHandler<UniformRefusals>()
            .SetOrder(OpenIddictServerHandlers.Exchange.NormalizeErrorResponse.Descriptor.Order + 1)
            .Build();

    public static OpenIddictServerHandlerDescriptor OfRevocations { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<ApplyRevocationResponseContext>()
            .UseSingletonHandler<UniformRefusals>()
            .SetOrder(OpenIddictServerHandlers.Revocation.NormalizeErrorResponse.Descriptor.Order + 1)
            .Build();

    public ValueTask HandleAsync(ApplyTokenResponseContext context) => Shorten(context.Response);

    public ValueTask HandleAsync(ApplyRevocationResponseContext context) => Shorten(context.Response);

    private static ValueTask Shorten(OpenIddictResponse response)
    {
        if (response.Error == Errors.InvalidClient)
        {
            response.ErrorDescription = null;
            response.ErrorUri = null;
        }

        return ValueTask.CompletedTask;
    }
}
