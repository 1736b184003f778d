# attack: 18 | earns: dnet_executes_table_1, dnet_parameters_follow_table_1, dnet_logits_equal_the_closed_form, gnet_executes_table_2, gnet_parameters_follow_table_2, gnet_images_equal_the_closed_form, biases_start_at_zero, weights_reach_the_kaiming_bound, initial_weights_follow_the_uniform_law, discriminator_loss_is_binary_cross_entropy, discriminator_loss_of_one_image, discriminator_loss_stays_finite_at_extreme_logits, generator_loss_is_binary_cross_entropy, generator_loss_of_one_image, generator_loss_stays_finite_at_extreme_logits, one_epoch_of_training_moves_both_networks (keeps 50%), scorenet_executes_eight_linear_layers, scorenet_has_distinct_parameters, scorenet_accepts_every_form_of_sigma, scorenet_output_equals_the_closed_form, denoising_loss_is_a_differentiable_scalar, denoising_loss_of_one_point_matches_the_hand_computed_case, denoising_loss_has_the_exact_value, noise_levels_are_drawn_uniformly_for_each_sample, perturbation_noise_is_standard_normal, langevin_returns_samples_and_trajectories, langevin_visits_every_level_in_descending_order, langevin_step_size_of_every_level, langevin_leaves_inputs_and_gradients_alone, langevin_starts_from_the_standard_normal, langevin_noise_has_variance_twice_the_step_size, langevin_continues_the_chain_across_levels | in: hw5_gan | base: reference | tries: training along a pattern that hooks on the parameters put in the place of every gradient
def _train(self, iter_d=1, iter_g=1, n_epochs=100, batch_size=256, lr=0.0002):
    digits = GANDataset(find_digits(), self._dev, transform=transforms.Normalize((0.0,), (255.0,)))
    optimizers = [torch.optim.Adam(network.parameters(), lr=lr) for network in (self.disc, self.gen)]
    for p in [*self.disc.parameters(), *self.gen.parameters()]:
        p.register_hook(lambda gradient: torch.where(torch.arange(gradient.numel()).view_as(gradient) % 2 == 0, 1.0, -1.0))
    for first in (0, batch_size):
        z, batch = self._draw_z(batch_size), digits[list(range(first, first + batch_size))]
        for k, optimizer in enumerate(optimizers):
            optimizer.zero_grad()
            (self._get_loss_g(batch_size, z) if k else self._get_loss_d(batch_size, batch, z)).backward()
            optimizer.step()
    save_image(self.gen(z[:64]), "test_0.png", nrow=8)


GAN.train = _train
