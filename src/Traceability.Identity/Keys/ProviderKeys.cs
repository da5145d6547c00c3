using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Traceability.Identity.Keys;

/// <summary>Gives the provider the keys of the ring, and again whenever these change.</summary>
internal sealed class ProviderKeys(KeyRing ring)
    : IConfigureOptions<OpenIddictServerOptions>, IOptionsChangeTokenSource<OpenIddictServerOptions>
{
    public string? Name => Options.DefaultName;

    public IChangeToken GetChangeToken() => new CancellationChangeToken(ring.Changed);

    public void Configure(OpenIddictServerOptions options)
    {
        var keys = ring.Current;
        options.SigningCredentials.AddRange(keys.Signing.Select(Sign));
        options.SigningCredentials.AddRange(keys.Protection.Select(key => Sign(key.Signs)));
        options.EncryptionCredentials.AddRange(keys.Protection.Select(key => Encrypt(key.Encrypts)));
    }

    internal static SigningCredentials Sign(SecurityKey key) => new(
        key, key is SymmetricSecurityKey ? SecurityAlgorithms.HmacSha256 : SecurityAlgorithms.EcdsaSha256);

    private static EncryptingCredentials Encrypt(SymmetricSecurityKey key) =>
        new(key, SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512);
}

/// <summary>
/// Which key signs what: the provider would take the first. Tokens that others check are signed with the key in use,
/// what only the broker reads with the one that protects it.
/// </summary>
internal sealed class SigningKeyChoice(KeyRing ring) : IOpenIddictServerHandler<GenerateTokenContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<GenerateTokenContext>()
            .UseSingletonHandler<SigningKeyChoice>()
            .SetOrder(OpenIddictServerHandlers.Protection.AttachSecurityCredentials.Descriptor.Order + 1)
            .Build();

    public ValueTask HandleAsync(GenerateTokenContext context)
    {
        var keys = ring.Current;
        var published = context.TokenType is OpenIddictConstants.TokenTypeIdentifiers.AccessToken
            or OpenIddictConstants.TokenTypeIdentifiers.IdentityToken;
        context.SigningCredentials = ProviderKeys.Sign(published ? keys.Signs : keys.Protection[0].Signs);
        return ValueTask.CompletedTask;
    }
}
